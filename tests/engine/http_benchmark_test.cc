// What one request costs the engine without sockets and without Python: session, router and a
// constant answer. Run with: turbo_engine_test "[http][!benchmark]". The figure is for a whole
// batch: divide by its requests.
#include <catch2/benchmark/catch_benchmark.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <string>
#include <string_view>

#include "engine/app_gateway.h"
#include "tests/engine/http_test_support.h"

namespace turbo::engine::test {
namespace {

constexpr std::string_view kRequest = "GET /users/123 HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n";
constexpr std::string_view kBrowserRequest =
    "GET /users/123 HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: Mozilla/5.0 (X11; Linux "
    "x86_64; "
    "rv:128.0) Gecko/20100101 Firefox/128.0\r\nAccept: "
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nAccept-Language: "
    "en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nConnection: "
    "keep-alive\r\nCookie: "
    "session=0123456789abcdef0123456789abcdef\r\nUpgrade-Insecure-Requests: 1\r\n\r\n";
constexpr std::string_view kPost =
    "POST /items HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nContent-Type: application/json\r\n"
    "Content-Length: 32\r\n\r\n{\"name\":\"Widget\",\"price\":9.99  }";

class ConstantGateway final : public AppGateway {
 public:
  ConstantGateway() {
    MethodSet get;
    get.Add(Method::kGet);
    MethodSet post;
    post.Add(Method::kPost);
    if (!router_.Add(get, "/users/{user_id:int}", 0) || !router_.Add(post, "/items", 1))
      std::abort();
  }
  [[nodiscard]] const Router& router() const override { return router_; }
  void Handle(Exchange& exchange) noexcept override {
    exchange.Respond({.status = 200, .content_type = "application/json", .headers = {}},
                     R"({"user_id":123,"name":"User 123"})");
  }

 private:
  Router router_;
};

class Rig final : private SessionDriver {
 public:
  std::size_t Run(std::string_view bytes) {
    const std::span<char> space = session_.ReadSpace();
    std::memcpy(space.data(), bytes.data(), bytes.size());
    session_.Receive(bytes.size(), out_);
    const std::size_t written = out_.size();
    out_.Clear();
    return written;
  }

 private:
  void OnAppProgress() noexcept override {}

  HttpLimits limits_;
  HttpTimeouts timeouts_;
  ConstantGateway gateway_;
  BufferPool buffers_;
  DateCache date_;
  LoopCounters counters_;
  SessionContext context_{.limits = limits_,
                          .timeouts = timeouts_,
                          .gateway = gateway_,
                          .buffers = buffers_,
                          .date = date_,
                          .counters = counters_,
                          .now = std::chrono::steady_clock::now()};
  OutputBuffer out_{64 * 1024};
  HttpSession session_{context_, *this, nullptr};
};

std::string Repeat(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all.append(text);
  return all;
}

}  // namespace

TEST_CASE("HttpSession's cost of a request", "[http][!benchmark]") {
  Rig rig;
  const std::string pipelined = Repeat(kRequest, 16);
  const std::string browsers = Repeat(kBrowserRequest, 3);
  REQUIRE(rig.Run(kRequest) > 0);
  REQUIRE(rig.Run(pipelined) == 16 * rig.Run(kRequest));

  BENCHMARK("GET /users/123, 1 request") { return rig.Run(kRequest); };
  BENCHMARK("GET /users/123, 16 pipelined requests") { return rig.Run(pipelined); };
  BENCHMARK("GET /users/123 of a browser, 1 request") { return rig.Run(kBrowserRequest); };
  BENCHMARK("POST /items with 32 bytes, 1 request") { return rig.Run(kPost); };
}

}  // namespace turbo::engine::test
