// A warm request allocates nothing in the engine.
#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "tests/engine/allocation_counter.h"
#include "tests/engine/http_test_support.h"

namespace turbo::engine::test {
namespace {

/// A fixed answer for each route, none of which allocates; keeps route 2's exchange.
class FrugalGateway final : public AppGateway {
 public:
  FrugalGateway() {
    const auto add = [this](Method method, std::string_view pattern, RouteId route) {
      MethodSet methods;
      methods.Add(method);
      REQUIRE(router_.Add(methods, pattern, route).has_value());
    };
    add(Method::kGet, "/users/{id:int}", 0);
    add(Method::kPost, "/items/{name}", 1);
    add(Method::kGet, "/later", 2);
  }
  [[nodiscard]] const Router& router() const override { return router_; }
  void Handle(Exchange& exchange) noexcept override {
    if (exchange.route() == 2) {
      kept = &exchange;
    } else if (exchange.route() == 1) {
      const HeaderField fields[] = {{"X-Name", exchange.path_values()[0].text}};
      exchange.Respond({.status = 201, .content_type = "text/plain", .headers = fields},
                       exchange.request().body);
    } else {
      OutputBuffer& out = exchange.BeginBody(
          {.status = 200, .content_type = "application/json", .headers = {}}, digits_);
      out.Append("{\"user_id\":");
      out.Append(exchange.path_values()[0].text);
      out.Append('}');
      exchange.EndBody();
    }
  }

  Exchange* kept = nullptr;

 private:
  Router router_;
  std::uint8_t digits_ = 2;
};

class FrugalServer final : public SessionDriver {
 public:
  void Open() { session_ = std::make_unique<HttpSession>(context_, *this, nullptr); }

  /// Bytes in, and the number of bytes out.
  std::size_t Serve(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::span<char> space = session_->ReadSpace();
      const std::size_t n = std::min(space.size(), bytes.size());
      std::memcpy(space.data(), bytes.data(), n);
      bytes.remove_prefix(n);
      if (session_->Receive(n, out_) == SessionState::kAwaitingApp) {
        gateway_.kept->Respond({.status = 200, .content_type = "text/plain", .headers = {}},
                               "late");
        session_->Resume(out_);
      }
    }
    const std::size_t written = out_.size();
    out_.Clear();
    return written;
  }

  void Advance(std::chrono::milliseconds time) { context_.now += time; }

 private:
  void OnAppProgress() noexcept override {}

  HttpLimits limits_;
  HttpTimeouts timeouts_;
  FrugalGateway gateway_;
  BufferPool buffers_;
  DateCache date_;
  LoopCounters counters_;
  SessionContext context_{.limits = limits_,
                          .timeouts = timeouts_,
                          .gateway = gateway_,
                          .buffers = buffers_,
                          .date = date_,
                          .counters = counters_,
                          .now = TimePoint(std::chrono::hours(1))};
  OutputBuffer out_{256 * 1024};
  std::unique_ptr<HttpSession> session_;
};

}  // namespace

TEST_CASE("AllocationsOfThisThread counts", "[http]") {
  const std::uint64_t before = AllocationsOfThisThread();
  const auto one = std::make_unique<int>(1);
  const std::vector<char> two(1000);
  CHECK(AllocationsOfThisThread() - before == 2);
  CHECK(*one + two[0] == 1);
}

TEST_CASE("HttpSession allocates nothing for warm requests", "[http]") {
  FrugalServer server;
  server.Open();
  const std::string get = "GET /users/123 HTTP/1.1\r\nHost: localhost:8000\r\nAccept: */*\r\n\r\n";
  std::string pipelined;
  for (int i = 0; i < 64; ++i) pipelined += get;
  std::string many_fields = get;
  for (int i = 0; i < 90; ++i) many_fields.insert(many_fields.size() - 2, "X-Field: value\r\n");
  const std::string post =
      "POST /items/a%20b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
  const std::string large_post =
      "POST /items/c HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n" +
      std::string(50'000, 'b');
  const std::string chunked =
      "POST /items/d HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
      "1000\r\n" +
      std::string(4096, 'c') + "\r\n0\r\n\r\n";
  const std::string later = "GET /later HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string not_found = "GET /none HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string requests[] = {get,        pipelined, many_fields, post,
                                  large_post, chunked,   later,       not_found};
  for (int warm = 0; warm < 2; ++warm) {
    for (const std::string& request : requests) REQUIRE(server.Serve(request) > 0);
  }

  const std::uint64_t before = AllocationsOfThisThread();
  std::size_t written = 0;
  for (int i = 0; i < 100'000; ++i) written += server.Serve(get);
  for (int i = 0; i < 1'000; ++i) {
    server.Advance(std::chrono::milliseconds(100));  // the date changes as well
    for (const std::string& request : requests) written += server.Serve(request);
  }
  CHECK(AllocationsOfThisThread() - before == 0);
  CHECK(written > 100'000 * 100);
}

TEST_CASE("HttpSession allocates nothing for the first request of a new connection", "[http]") {
  FrugalServer server;
  const std::string get = "GET /users/123 HTTP/1.1\r\nHost: a\r\n\r\n";
  server.Open();
  server.Serve(get);
  server.Open();
  const std::uint64_t before = AllocationsOfThisThread();
  CHECK(server.Serve(get) > 0);
  CHECK(AllocationsOfThisThread() - before == 0);
}

}  // namespace turbo::engine::test
