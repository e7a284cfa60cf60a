// What a match costs. The figures: turbo_engine_test "[router][!benchmark]".
#include <catch2/benchmark/catch_benchmark.hpp>
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "engine/router/router.h"

namespace turbo::engine {
namespace {

/// `count` routes of an application's usual shapes, "/users/{id:int}" among them.
Router ManyRoutes(std::size_t count) {
  MethodSet get;
  get.Add(Method::kGet);
  Router router;
  RouteId id = 0;
  const auto add = [&](const std::string& pattern) {
    REQUIRE(router.Add(get, pattern, id++).has_value());
  };
  add("/users/{user_id:int}");
  add("/health");
  for (std::size_t i = 0; i < (count - 2) / 4; ++i) {
    const std::string n = std::to_string(i);
    add("/api/v1/resource" + n);
    add("/api/v1/resource" + n + "/{id:int}");
    add("/api/v1/resource" + n + "/{id:int}/parts/{part}");
    add("/service" + n + "/{name}");
  }
  return router;
}

TEST_CASE("Match costs", "[router][!benchmark]") {
  for (const std::size_t count : {std::size_t{10}, std::size_t{10'002}}) {
    const Router router = ManyRoutes(count);
    MatchResult result;
    for (const char* path :
         {"/users/123", "/health", "/api/v1/resource1/77", "/api/v1/resource0/77/parts/bolt",
          "/service1/ada", "/nothing/here", "/users/%31%32%33"}) {
      BENCHMARK(std::to_string(count) + " routes: " + path) {
        router.Match(Method::kGet, path, result);
        return result.route;
      };
    }
  }
}

}  // namespace
}  // namespace turbo::engine
