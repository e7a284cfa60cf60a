// Router: precedence, backtracking, methods, conflicts, trailing slashes.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/router/router.h"

namespace turbo::engine {
namespace {

using Catch::Matchers::ContainsSubstring;

MethodSet Methods(std::initializer_list<Method> methods) {
  MethodSet set;
  for (const Method method : methods) set.Add(method);
  return set;
}

const MethodSet kGetOnly = Methods({Method::kGet});

Router MakeRouter(const std::vector<std::string>& patterns) {
  Router router;
  RouteId id = 0;
  for (const std::string& pattern : patterns) {
    const Result<void> added = router.Add(kGetOnly, pattern, id++);
    INFO(pattern);
    REQUIRE(added.has_value());
  }
  return router;
}

/// The route of GET `path`, or -1 - status.
int RouteOf(const Router& router, std::string_view path, Method method = Method::kGet) {
  MatchResult result;
  router.Match(method, path, result);
  return result.status == MatchStatus::kFound ? static_cast<int>(result.route)
                                              : -1 - static_cast<int>(result.status);
}

constexpr int kNotFound = -1 - static_cast<int>(MatchStatus::kNotFound);
constexpr int kNotAllowed = -1 - static_cast<int>(MatchStatus::kMethodNotAllowed);
constexpr int kRedirected = -1 - static_cast<int>(MatchStatus::kRedirect);
constexpr int kBadPath = -1 - static_cast<int>(MatchStatus::kBadPath);
constexpr int kOptions = -1 - static_cast<int>(MatchStatus::kOptions);

TEST_CASE("Router finds static paths and nothing else", "[router]") {
  Router router = MakeRouter({"/", "/health", "/healthy", "/a/b/c", "/a/b", "/a//b"});
  router.SetTrailingSlash(TrailingSlash::kStrict);
  CHECK(RouteOf(router, "/") == 0);
  CHECK(RouteOf(router, "/health") == 1);
  CHECK(RouteOf(router, "/healthy") == 2);
  CHECK(RouteOf(router, "/a/b/c") == 3);
  CHECK(RouteOf(router, "/a/b") == 4);
  CHECK(RouteOf(router, "/a//b") == 5);
  for (const char* path : {"/healt", "/health/", "/Health", "/a", "/a/", "/a/b/c/d", "//",
                           "/a/b//c", "", "*", "health"}) {
    INFO(path);
    CHECK(RouteOf(router, path) == kNotFound);
  }
}

TEST_CASE("Router prefers static, then typed, then str, then path", "[router]") {
  const Router router = MakeRouter(
      {"/x/{rest:path}", "/x/{name}", "/x/{n:float}", "/x/{id:uuid}", "/x/{n:int}", "/x/7"});
  CHECK(RouteOf(router, "/x/7") == 5);
  CHECK(RouteOf(router, "/x/8") == 4);
  CHECK(RouteOf(router, "/x/-8") == 4);
  CHECK(RouteOf(router, "/x/123e4567-E89B-12d3-a456-426614174000") == 3);
  CHECK(RouteOf(router, "/x/8.5") == 2);
  CHECK(RouteOf(router, "/x/8.") == 1);
  CHECK(RouteOf(router, "/x/seven") == 1);
  CHECK(RouteOf(router, "/x/") == 0);
  CHECK(RouteOf(router, "/x/7/y") == 0);
}

TEST_CASE("Router goes back from a branch that leads nowhere", "[router]") {
  const Router router =
      MakeRouter({"/a/b/c", "/a/{x}/d", "/{y}/b/e", "/{p:path}", "/a/{n:int}/f", "/a/{s}/{t}/z"});
  MatchResult result;
  CHECK(RouteOf(router, "/a/b/c") == 0);
  CHECK(RouteOf(router, "/a/b/d") == 1);
  router.Match(Method::kGet, "/a/b/e", result);
  CHECK(result.route == 2);
  REQUIRE(result.count == 1);
  CHECK(result.values[0].text == "a");
  router.Match(Method::kGet, "/a/5/q/z", result);
  CHECK(result.route == 5);
  REQUIRE(result.count == 2);
  CHECK(result.values[0].kind == PathKind::kString);
  CHECK(result.values[0].text == "5");
  CHECK(result.values[1].text == "q");
  router.Match(Method::kGet, "/a/b/x", result);
  CHECK(result.route == 3);
  REQUIRE(result.count == 1);
  CHECK(result.values[0].text == "a/b/x");
}

TEST_CASE("Router backtracks in time bounded by the tree", "[router]") {
  // Every step offers a static and a parameter child; only a search that came to nodes repeatedly
  // would notice.
  std::string statics;
  std::string params;
  for (int i = 0; i < 15; ++i) {
    statics += "/a";
    params += "/{p" + std::to_string(i) + "}";
  }
  const Router router = MakeRouter({statics + "/x", params + "/y"});
  CHECK(RouteOf(router, statics + "/z") == kNotFound);
  CHECK(RouteOf(router, statics + "/y") == 1);
}

TEST_CASE("Router takes parameters that are never empty, save path", "[router]") {
  const Router router = MakeRouter({"/u/{id}", "/u/{id}/p/{post}", "/f/{rest:path}"});
  Router strict = MakeRouter({"/u/{id}", "/f/{rest:path}"});
  strict.SetTrailingSlash(TrailingSlash::kStrict);
  CHECK(RouteOf(strict, "/u/") == kNotFound);
  CHECK(RouteOf(strict, "/u/1/") == kNotFound);
  CHECK(RouteOf(strict, "/f") == kNotFound);
  CHECK(RouteOf(router, "/u//p/1") == kNotFound);
  MatchResult result;
  router.Match(Method::kGet, "/f/", result);
  REQUIRE(result.status == MatchStatus::kFound);
  CHECK(result.values[0].text.empty());
  router.Match(Method::kGet, "/f/a//b/", result);
  REQUIRE(result.status == MatchStatus::kFound);
  CHECK(result.values[0].kind == PathKind::kPath);
  CHECK(result.values[0].text == "a//b/");
}

TEST_CASE("Router matches static text around a parameter, the most of it first", "[router]") {
  const Router router = MakeRouter({"/d/{x}", "/d/@{user}", "/d/{name}.json", "/d/v{n:int}.json",
                                    "/d/v{n}.json", "/d/{name}.tar.gz", "/d/{name}.gz"});
  MatchResult result;
  const auto match = [&](std::string_view path) {
    router.Match(Method::kGet, path, result);
    return result.status == MatchStatus::kFound ? static_cast<int>(result.route) : -1;
  };
  CHECK(match("/d/plain") == 0);
  CHECK(match("/d/@ada") == 1);
  CHECK(result.values[0].text == "ada");
  CHECK(match("/d/@") == 0);
  CHECK(match("/d/a.json") == 2);
  CHECK(result.values[0].text == "a");
  CHECK(match("/d/v12.json") == 3);
  CHECK(result.values[0].integer == 12);
  CHECK(match("/d/vx.json") == 4);
  CHECK(match("/d/v.json") == 2);
  CHECK(result.values[0].text == "v");
  CHECK(match("/d/.json") == 0);
  CHECK(match("/d/a.tar.gz") == 5);
  CHECK(match("/d/a.gz") == 6);
  CHECK(match("/d/@ada/x") == -1);
}

TEST_CASE("Router gives values in pattern order whatever their names", "[router]") {
  const Router router = MakeRouter({"/u/{user}", "/u/{id}/posts/{post:int}", "/u/{x}/{y}/{z}"});
  MatchResult result;
  router.Match(Method::kGet, "/u/ada/posts/42", result);
  REQUIRE(result.route == 1);
  REQUIRE(result.count == 2);
  CHECK(result.values[0].text == "ada");
  CHECK(result.values[1].integer == 42);
  CHECK(result.values[1].text == "42");
  router.Match(Method::kGet, "/u/ada/posts/last", result);
  CHECK(result.route == 2);
  CHECK(result.count == 3);
  router.Match(Method::kGet, "/nothing", result);
  CHECK(result.status == MatchStatus::kNotFound);
  CHECK(result.route == kNoRoute);
  CHECK(result.count == 0);
}

TEST_CASE("Router serves HEAD by GET unless HEAD has its own route", "[router]") {
  Router router;
  REQUIRE(router.Add(kGetOnly, "/a", 1).has_value());
  REQUIRE(router.Add(kGetOnly, "/b", 2).has_value());
  REQUIRE(router.Add(Methods({Method::kHead}), "/b", 3).has_value());
  REQUIRE(router.Add(Methods({Method::kPost}), "/c", 4).has_value());
  CHECK(RouteOf(router, "/a", Method::kHead) == 1);
  CHECK(RouteOf(router, "/b", Method::kHead) == 3);
  CHECK(RouteOf(router, "/b", Method::kGet) == 2);
  CHECK(RouteOf(router, "/c", Method::kHead) == kNotAllowed);
}

TEST_CASE("Router answers 405 and OPTIONS with all methods that the path has", "[router]") {
  Router router;
  REQUIRE(router.Add(kGetOnly, "/items", 1).has_value());
  REQUIRE(router.Add(Methods({Method::kPost}), "/items", 2).has_value());
  REQUIRE(router.Add(Methods({Method::kPut, Method::kDelete}), "/{any}", 3).has_value());
  REQUIRE(router.Add(Methods({Method::kOptions}), "/own", 4).has_value());
  MatchResult result;
  router.Match(Method::kPatch, "/items", result);
  CHECK(result.status == MatchStatus::kMethodNotAllowed);
  CHECK(result.route == kNoRoute);
  CHECK(AllowField(result.allowed) == "GET, HEAD, POST, PUT, DELETE, OPTIONS");
  router.Match(Method::kOptions, "/items", result);
  CHECK(result.status == MatchStatus::kOptions);
  CHECK(AllowField(result.allowed) == "GET, HEAD, POST, PUT, DELETE, OPTIONS");
  CHECK(RouteOf(router, "/own", Method::kOptions) == 4);
  CHECK(RouteOf(router, "/a/b", Method::kOptions) == kNotFound);
  router.Match(Method::kOptions, "*", result);
  CHECK(result.status == MatchStatus::kOptions);
  CHECK(AllowField(result.allowed) == "GET, HEAD, POST, PUT, DELETE, OPTIONS");
  CHECK(RouteOf(router, "*", Method::kGet) == kNotFound);
  // A static route without the method does not hide a parameter route that has it.
  CHECK(RouteOf(router, "/items", Method::kPut) == 3);
  CHECK(RouteOf(router, "/items", Method::kPost) == 2);
}

TEST_CASE("Router routes unusual methods and keeps several methods of a path apart", "[router]") {
  Router router;
  const auto purge = static_cast<Method>(29);
  REQUIRE(router.Add(Methods({Method::kDelete, purge}), "/x", 1).has_value());
  REQUIRE(router.Add(Methods({Method::kGet, Method::kPatch}), "/x", 2).has_value());
  REQUIRE(router.Add(Methods({Method::kPut}), "/x", 3).has_value());
  CHECK(RouteOf(router, "/x", Method::kDelete) == 1);
  CHECK(RouteOf(router, "/x", purge) == 1);
  CHECK(RouteOf(router, "/x", Method::kGet) == 2);
  CHECK(RouteOf(router, "/x", Method::kHead) == 2);
  CHECK(RouteOf(router, "/x", Method::kPatch) == 2);
  CHECK(RouteOf(router, "/x", Method::kPut) == 3);
  CHECK(RouteOf(router, "/x", Method::kPost) == kNotAllowed);
}

TEST_CASE("Router refuses a second route for the same paths and names both patterns", "[router]") {
  Router router;
  REQUIRE(router.Add(kGetOnly, "/users/{id}", 1).has_value());
  const Result<void> again = router.Add(kGetOnly, "/users/{name}", 2);
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error().exit_code == ExitCode::kLoadFailed);
  CHECK_THAT(again.error().message, ContainsSubstring("GET"));
  CHECK_THAT(again.error().message, ContainsSubstring("\"/users/{id}\""));
  CHECK_THAT(again.error().message, ContainsSubstring("\"/users/{name}\""));
  // Of a set that conflicts in part nothing is added.
  CHECK_FALSE(router.Add(Methods({Method::kPost, Method::kGet}), "/users/{x:str}", 3).has_value());
  CHECK(RouteOf(router, "/users/1", Method::kPost) == kNotAllowed);
  CHECK(router.Add(Methods({Method::kPost}), "/users/{name}", 4).has_value());
  CHECK(router.Add(kGetOnly, "/users/{id:int}", 5).has_value());
  CHECK(router.Add(kGetOnly, "/users/{name}/posts", 6).has_value());
  CHECK(router.Add(kGetOnly, "/users/{id}.json", 7).has_value());
  CHECK_FALSE(router.Add(kGetOnly, "/users/{other}.json", 8).has_value());
  CHECK(router.Add(kGetOnly, "/users/", 9).has_value());
  CHECK(router.Add(kGetOnly, "/files/{p:path}", 10).has_value());
  CHECK_FALSE(router.Add(kGetOnly, "/files/{q:path}", 11).has_value());
  CHECK_FALSE(router.Add(MethodSet(), "/none", 12).has_value());
  CHECK(RouteOf(router, "/users/x") == 1);
  CHECK(RouteOf(router, "/users/x", Method::kPost) == 4);
}

TEST_CASE("Router redirects to the other form where that one exists", "[router]") {
  Router router = MakeRouter({"/a", "/b/", "/c", "/c/", "/f/{p:path}", "/u/{id}", "/"});
  MatchResult result;
  router.Match(Method::kGet, "/a/", result);
  CHECK(result.status == MatchStatus::kRedirect);
  CHECK(result.location == "/a");
  CHECK(result.count == 0);
  router.Match(Method::kGet, "/b", result);
  CHECK(result.status == MatchStatus::kRedirect);
  CHECK(result.location == "/b/");
  router.Match(Method::kGet, "/f", result);
  CHECK(result.location == "/f/");
  router.Match(Method::kGet, "/u/%C3%A9%2Fx/", result);
  CHECK(result.status == MatchStatus::kRedirect);
  CHECK(result.location == "/u/%C3%A9%2Fx");
  CHECK(RouteOf(router, "/c") == 2);
  CHECK(RouteOf(router, "/c/") == 3);
  CHECK(RouteOf(router, "/a//") == kNotFound);
  CHECK(RouteOf(router, "/q/") == kNotFound);
  CHECK(RouteOf(router, "/a/", Method::kPost) == kRedirected);  // 405 comes at the other form
}

TEST_CASE("Router never redirects to another host", "[router]") {
  Router router = MakeRouter({"//host", "/\\host", "/x"});
  CHECK(RouteOf(router, "//host/") == kNotFound);
  CHECK(RouteOf(router, "/\\host/") == kNotFound);
}

TEST_CASE("Router can ignore the trailing slash", "[router]") {
  Router router = MakeRouter({"/a", "/b/", "/c", "/c/", "/u/{id}", "/f/{p:path}", "/"});
  router.SetTrailingSlash(TrailingSlash::kIgnore);
  CHECK(RouteOf(router, "/a/") == 0);
  CHECK(RouteOf(router, "/b") == 1);
  CHECK(RouteOf(router, "/c") == 2);
  CHECK(RouteOf(router, "/c/") == 3);
  CHECK(RouteOf(router, "/a/", Method::kPost) == kNotAllowed);
  CHECK(RouteOf(router, "/a//") == kNotFound);
  MatchResult result;
  router.Match(Method::kGet, "/u/%41/", result);
  REQUIRE(result.route == 4);
  CHECK(result.values[0].text == "A");
  router.Match(Method::kGet, "/f", result);
  REQUIRE(result.route == 5);
  CHECK(result.values[0].text.empty());
}

TEST_CASE("Router can be strict about the trailing slash", "[router]") {
  Router router = MakeRouter({"/a", "/b/"});
  router.SetTrailingSlash(TrailingSlash::kStrict);
  CHECK(RouteOf(router, "/a/") == kNotFound);
  CHECK(RouteOf(router, "/b") == kNotFound);
}

TEST_CASE("Router sends everything else to the fallback", "[router]") {
  Router router;
  router.SetFallback(9);
  for (const char* path : {"/", "/a", "*", "/%zz", "/%ff", ""}) {
    INFO(path);
    CHECK(RouteOf(router, path) == 9);
    CHECK(RouteOf(router, path, Method::kOptions) == 9);
  }
  REQUIRE(router.Add(kGetOnly, "/a", 1).has_value());
  REQUIRE(router.Add(kGetOnly, "/u/{id}", 2).has_value());
  CHECK(RouteOf(router, "/a") == 1);
  CHECK(RouteOf(router, "/a", Method::kPost) == 9);
  CHECK(RouteOf(router, "/a", Method::kOptions) == 9);
  CHECK(RouteOf(router, "/a/") == 9);
  CHECK(RouteOf(router, "/u/%zz") == 9);
  MatchResult result;
  router.Match(Method::kPost, "/u/1", result);
  CHECK(result.route == 9);
  CHECK(result.count == 0);
}

TEST_CASE("Router without routes finds nothing", "[router]") {
  const Router router;
  CHECK(RouteOf(router, "/") == kNotFound);
  CHECK(RouteOf(router, "/%zz") == kNotFound);
}

TEST_CASE("Router keeps its routes when it is moved", "[router]") {
  Router router = MakeRouter({"/a"});
  Router moved = std::move(router);
  CHECK(RouteOf(moved, "/a") == 0);
}

TEST_CASE("Router finds each of many routes", "[router]") {
  Router router;
  constexpr RouteId kMany = 5000;
  for (RouteId i = 0; i < kMany; ++i) {
    const std::string n = std::to_string(i);
    REQUIRE(router.Add(kGetOnly, "/r" + n + "/{id:int}", 2 * i).has_value());
    REQUIRE(router.Add(kGetOnly, "/static/" + n + "/end", 2 * i + 1).has_value());
  }
  for (RouteId i = 0; i < kMany; ++i) {
    const std::string n = std::to_string(i);
    REQUIRE(RouteOf(router, "/r" + n + "/" + n) == static_cast<int>(2 * i));
    REQUIRE(RouteOf(router, "/static/" + n + "/end") == static_cast<int>(2 * i + 1));
    REQUIRE(RouteOf(router, "/static/" + n + "/other") == kNotFound);
  }
}

TEST_CASE("Router decodes for matching and refuses what cannot be decoded", "[router]") {
  const Router router =
      MakeRouter({"/café", "/u/{id}", "/n/{n:int}", "/100%", "/a b", "/f/{p:path}"});
  MatchResult result;
  CHECK(RouteOf(router, "/caf%C3%A9") == 0);
  CHECK(RouteOf(router, "/caf%c3%a9") == 0);
  CHECK(RouteOf(router, "/caf\xC3\xA9") == 0);
  CHECK(RouteOf(router, "/%63af%C3%A9") == 0);
  CHECK(RouteOf(router, "/100%25") == 3);
  CHECK(RouteOf(router, "/a%20b") == 4);
  CHECK(RouteOf(router, "/u%2F1") == kNotFound);
  CHECK(RouteOf(router, "/n/%31%32") == 2);
  router.Match(Method::kGet, "/u/a%2Fb%2f", result);
  REQUIRE(result.route == 1);
  CHECK(result.values[0].text == "a/b/");
  router.Match(Method::kGet, "/u/%252F", result);
  REQUIRE(result.route == 1);
  CHECK(result.values[0].text == "%2F");
  router.Match(Method::kGet, "/f/a%2Fb/c%20d", result);
  REQUIRE(result.route == 5);
  CHECK(result.values[0].text == "a/b/c d");
  router.Match(Method::kGet, "/u/%E2%82%AC+%F0%9F%98%80", result);
  REQUIRE(result.route == 1);
  CHECK(result.values[0].text == "€+😀");
  for (const char* path :
       {"/u/%", "/u/%4", "/u/%zz", "/u/%4g", "/u/%00", "/u/%ff", "/u/%C3", "/u/%C0%AF",
        "/u/%ED%A0%80", "/u/%F4%90%80%80", "/u/\xff", "/u/\xC3", "/nothing/%zz"}) {
    INFO(path);
    CHECK(RouteOf(router, path) == kBadPath);
  }
  CHECK(RouteOf(router, std::string_view("/u/a\0b", 6)) == kBadPath);
}

TEST_CASE("Router leaves a plain path where it is", "[router]") {
  const Router router = MakeRouter({"/u/{id}"});
  const std::string path = "/u/ada";
  MatchResult result;
  router.Match(Method::kGet, path, result);
  REQUIRE(result.status == MatchStatus::kFound);
  CHECK(result.values[0].text.data() == path.data() + 3);
}

TEST_CASE("AllowField lists the usual methods first and adds OPTIONS", "[router]") {
  CHECK(AllowField(kGetOnly) == "GET, OPTIONS");
  CHECK(AllowField(Methods({Method::kHead, Method::kGet})) == "GET, HEAD, OPTIONS");
  CHECK(AllowField(Methods({Method::kTrace, Method::kOptions, Method::kDelete})) ==
        "DELETE, OPTIONS, TRACE");
  CHECK(AllowField(MethodSet()) == "OPTIONS");
}

TEST_CASE("Router tells OPTIONS of a known path from others", "[router]") {
  const Router router = MakeRouter({"/a"});
  CHECK(RouteOf(router, "/a", Method::kOptions) == kOptions);
}

}  // namespace
}  // namespace turbo::engine
