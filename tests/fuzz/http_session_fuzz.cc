// Drives HttpSession with arbitrary bytes, once in one piece and once cut in arbitrary places, and
// holds it to its promises: both must give the same output, there is always room to read into, and
// nothing stays counted in flight.
//
// The last byte of an input is a seed for the cuts and the limits; what is before it is sent. Run:
//   cmake -DTURBO_FUZZERS=ON -DTURBO_SANITIZE=address,undefined,fuzzer-no-link with clang, then
//   http_session_fuzz -dict=tests/fuzz/http.dict -max_len=8192 WORK tests/fuzz/corpus/http_session
#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "engine/app_gateway.h"
#include "engine/http/buffer_pool.h"
#include "engine/http/date_cache.h"
#include "engine/http/http_session.h"
#include "engine/http/inflight_gate.h"

namespace turbo::engine {
namespace {

void Require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

/// Gives its text in pieces, and nothing now and then.
class PieceSource final : public BodySource {
 public:
  PieceSource(std::string text, Exchange& exchange) : text_(std::move(text)), exchange_(exchange) {}
  Status Produce(OutputBuffer& out) noexcept override {
    if (++calls_ % 3 == 0) {
      exchange_.ContinueStream();
      return Status::kWait;
    }
    const std::size_t n = std::min(text_.size() - at_, calls_ * 5);
    out.Append(std::string_view(text_).substr(at_, n));
    at_ += n;
    return at_ == text_.size() ? Status::kDone : Status::kMore;
  }

 private:
  std::string text_;
  Exchange& exchange_;
  std::size_t at_ = 0;
  std::size_t calls_ = 0;
};

std::string Describe(const Request& request) {
  std::string text(MethodName(request.method));
  text.append("|").append(request.target).append("|").append(request.path);
  text.append("|").append(request.query).append("|");
  for (const HeaderField& field : request.headers) {
    text.append(field.name).append("=").append(field.value).append("\n");
  }
  return text.append(request.body);
}

class FuzzGateway final : public AppGateway {
 public:
  FuzzGateway() {
    const auto add = [this](std::string_view pattern, RouteId route) {
      MethodSet methods;
      methods.Add(Method::kGet);
      methods.Add(Method::kPost);
      Require(router_.Add(methods, pattern, route).has_value(), "the routes are good");
    };
    add("/", 0);
    add("/e", 1);
    add("/s", 2);
    add("/l", 3);
    add("/w/{p:path}", 4);
    add("/u/{n:int}/", 5);
  }
  [[nodiscard]] const Router& router() const override { return router_; }

  void Handle(Exchange& exchange) noexcept override {
    const std::string text = Describe(exchange.request());
    switch (exchange.route()) {
      case 1:
        exchange.Respond({.status = 201, .content_type = "a/b", .headers = {}},
                         exchange.request().body);
        break;
      case 2:
        exchange.Stream({}, std::make_unique<PieceSource>(text, exchange));
        break;
      case 3:
        kept = &exchange;
        break;
      default: {
        OutputBuffer& out = exchange.BeginBody({}, digits_);
        out.Append(text);
        exchange.EndBody();
      }
    }
  }
  void Abandoned(Exchange& exchange) noexcept override {
    Require(kept == &exchange, "what is abandoned was kept");
    kept = nullptr;
  }

  Exchange* kept = nullptr;

 private:
  Router router_;
  std::uint8_t digits_ = 1;
};

std::chrono::system_clock::time_point NoTime() { return {}; }

/// One server with one connection.
class Run final : private SessionDriver {
 public:
  explicit Run(std::uint8_t seed) {
    if ((seed & 1U) != 0) {
      limits_ = {
          .max_request_line = 64, .max_header_block = 256, .max_header_fields = 8, .max_body = 512};
    }
  }

  /// The output, and whether the connection ended, when `bytes` come in pieces that `next_size`
  /// gives.
  template <typename NextSize>
  std::pair<std::string, bool> Serve(std::string_view bytes, NextSize&& next_size) {
    {
      HttpSession session(context_, *this, nullptr);
      SessionState state = SessionState::kReading;
      while (!bytes.empty() && state == SessionState::kReading) {
        const std::span<char> space = session.ReadSpace();
        Require(!space.empty(), "there is room to read into");
        const std::size_t n = std::min({space.size(), bytes.size(), next_size()});
        std::memcpy(space.data(), bytes.data(), n);
        bytes.remove_prefix(n);
        context_.now += std::chrono::milliseconds(1);
        state = Settle(session, session.Receive(n, out_));
        if (state == SessionState::kReading) {
          Require(session.deadline() != TimePoint::max(), "there is a deadline");
        }
      }
      ended_ = state != SessionState::kReading;
      if (!ended_) {
        state = Settle(session, session.ReceiveEof(out_));
        Require(state != SessionState::kReading, "the end is the end");
      }
    }
    Require(counters_.in_flight.value() == 0, "nothing is in flight");
    Require(inflight_ == 0, "the gate is empty");
    Require(gateway_.kept == nullptr, "nothing is kept");
    return {std::move(output_), ended_};
  }

 private:
  void OnAppProgress() noexcept override { progress_ = true; }

  void Take() {
    output_.append(out_.view());
    out_.Clear();
  }

  /// Goes on until the session wants input or ends.
  SessionState Settle(HttpSession& session, SessionState state) {
    Take();
    while (state == SessionState::kBlocked || state == SessionState::kAwaitingApp) {
      if (gateway_.kept != nullptr) {
        progress_ = false;
        std::exchange(gateway_.kept, nullptr)->Respond({}, "late");
        Require(progress_, "the driver hears of a late answer");
      }
      state = session.Resume(out_);
      Take();
    }
    return state;
  }

  HttpLimits limits_;
  HttpTimeouts timeouts_;
  FuzzGateway gateway_;
  BufferPool buffers_;
  DateCache date_{"turbo", &NoTime};
  LoopCounters counters_;
  std::atomic<std::uint64_t> inflight_{0};
  InflightGate gate_{inflight_, 100};
  SessionContext context_{.limits = limits_,
                          .timeouts = timeouts_,
                          .gateway = gateway_,
                          .buffers = buffers_,
                          .date = date_,
                          .counters = counters_,
                          .inflight_gate = &gate_,
                          .now = TimePoint(std::chrono::hours(1))};
  OutputBuffer out_;
  std::string output_;
  bool progress_ = false;
  bool ended_ = false;
};

/// 100 Continue depends on when the body comes, and so on the cuts.
bool MentionsExpect(std::string_view bytes) {
  constexpr std::string_view kExpect = "expect";
  return std::search(bytes.begin(), bytes.end(), kExpect.begin(), kExpect.end(),
                     [](char a, char b) {
                       return std::tolower(static_cast<unsigned char>(a)) == b;
                     }) != bytes.end();
}

/// Serves `bytes` both ways.
void Compare(std::string_view bytes, std::uint8_t seed) {
  Run whole(seed);
  const auto expected = whole.Serve(bytes, [] { return SIZE_MAX; });
  Run cut(seed);
  std::minstd_rand random(seed);
  const std::size_t largest = 1U << (seed >> 5U);
  const auto actual = cut.Serve(bytes, [&] { return 1 + random() % largest; });
  if (MentionsExpect(bytes)) return;
  if (actual != expected) {
    std::fprintf(stderr, "--- whole ---\n%s\n--- cut ---\n%s\n", expected.first.c_str(),
                 actual.first.c_str());
    Require(false, "the cuts make no difference");
  }
}

}  // namespace
}  // namespace turbo::engine

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  turbo::engine::Compare({reinterpret_cast<const char*>(data), size - 1}, data[size - 1]);
  return 0;
}
