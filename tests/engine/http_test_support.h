// A server without sockets for tests of HttpSession: an application of functions, a clock that the
// test holds, and connections whose bytes the test cuts as it likes.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "engine/app_gateway.h"
#include "engine/http/buffer_pool.h"
#include "engine/http/date_cache.h"
#include "engine/http/http_session.h"
#include "engine/http/inflight_gate.h"
#include "engine/http/limits.h"
#include "engine/loop/loop_counters.h"

namespace turbo::engine::test {

class TestGateway final : public AppGateway {
 public:
  using Handler = std::function<void(Exchange&)>;

  void Add(std::initializer_list<Method> methods, std::string_view pattern, Handler handler) {
    MethodSet set;
    for (const Method method : methods) set.Add(method);
    const auto added = router_.Add(set, pattern, static_cast<RouteId>(handlers_.size()));
    if (!added) throw std::runtime_error(added.error().message);
    handlers_.push_back(std::move(handler));
  }
  Router& mutable_router() { return router_; }

  [[nodiscard]] const Router& router() const override { return router_; }
  void Handle(Exchange& exchange) noexcept override {
    ++handled;
    handlers_[exchange.route()](exchange);
  }
  void Abandoned(Exchange&) noexcept override { ++abandoned; }

  int handled = 0;
  int abandoned = 0;

 private:
  Router router_;
  std::vector<Handler> handlers_;
};

inline void Text(Exchange& exchange, std::string_view body) {
  exchange.Respond({.status = 200, .content_type = "text/plain", .headers = {}}, body);
}

/// 2024-02-29 12:34:56 UTC.
inline std::chrono::system_clock::time_point TestWallClock() {
  return std::chrono::system_clock::time_point(std::chrono::seconds(1'709'210'096));
}

/// "Date: …\r\nServer: …\r\n" as every answer has it.
inline constexpr std::string_view kDateAndServer =
    "Date: Thu, 29 Feb 2024 12:34:56 GMT\r\nServer: turbo\r\n";

class TestServer {
 public:
  TestServer() {
    gateway.Add({Method::kGet}, "/", [](Exchange& exchange) { Text(exchange, "hello"); });
    gateway.Add({Method::kGet}, "/users/{id:int}", [](Exchange& exchange) {
      Text(exchange, "user " + std::to_string(exchange.path_values()[0].integer));
    });
    gateway.Add({Method::kPost, Method::kPut}, "/echo",
                [](Exchange& exchange) { Text(exchange, exchange.request().body); });
    gateway.Add({Method::kGet, Method::kPost, Method::kOptions}, "/describe",
                [](Exchange& exchange) { Text(exchange, Describe(exchange.request())); });
    context.now = TimePoint(std::chrono::hours(1));
  }

  void Advance(std::chrono::milliseconds time) { context.now += time; }

  /// Everything that a handler sees of a request.
  static std::string Describe(const Request& request) {
    std::string text(MethodName(request.method));
    text.append(" 1.").append(std::to_string(request.version_minor));
    text.append(request.keep_alive ? " keep" : " close");
    text.append("|").append(request.target).append("|").append(request.path);
    text.append("|").append(request.query).append("\n");
    for (const HeaderField& field : request.headers) {
      text.append(field.name).append("=").append(field.value).append("\n");
    }
    text.append("[").append(request.body).append("]");
    return text;
  }

  HttpLimits limits;
  HttpTimeouts timeouts;
  TestGateway gateway;
  BufferPool buffers;
  DateCache date{"turbo", &TestWallClock};
  LoopCounters counters;
  SessionContext context{.limits = limits,
                         .timeouts = timeouts,
                         .gateway = gateway,
                         .buffers = buffers,
                         .date = date,
                         .counters = counters};
};

class TestConnection final : public SessionDriver {
 public:
  explicit TestConnection(TestServer& server, const PeerAddress* peer = nullptr)
      : session(std::make_unique<HttpSession>(server.context, *this, peer)) {}

  /// Hands over `bytes` as the space allows; stops when the session takes no more. Everything that
  /// is to be written is taken at once.
  TestConnection& Send(std::string_view bytes) {
    while (!bytes.empty() && open()) {
      const std::span<char> space = session->ReadSpace();
      if (space.empty()) break;
      const std::size_t n = std::min(space.size(), bytes.size());
      std::memcpy(space.data(), bytes.data(), n);
      bytes.remove_prefix(n);
      state = session->Receive(n, out);
      Drain();
    }
    unsent = bytes.size();
    return *this;
  }
  TestConnection& SendEachByte(std::string_view bytes) {
    for (const char& c : bytes) {
      if (open()) Send({&c, 1});
    }
    return *this;
  }
  TestConnection& Eof() {
    state = session->ReceiveEof(out);
    Drain();
    return *this;
  }
  TestConnection& Resume() {
    state = session->Resume(out);
    Drain();
    return *this;
  }
  TestConnection& Deadline() {
    state = session->OnDeadline(out);
    Drain();
    return *this;
  }

  [[nodiscard]] bool open() const {
    return state == SessionState::kReading || state == SessionState::kBlocked ||
           state == SessionState::kAwaitingApp;
  }
  /// What came since the last call.
  std::string TakeOutput() { return std::exchange(output, {}); }

  std::unique_ptr<HttpSession> session;
  SessionState state = SessionState::kReading;
  OutputBuffer out;
  std::string output;
  std::size_t unsent = 0;
  int progress = 0;
  int blocked = 0;          ///< how often the session waited for its output to be written
  std::size_t largest = 0;  ///< most that one call gave to write

 private:
  void OnAppProgress() noexcept override { ++progress; }

  void Drain() {
    Take();
    for (int rounds = 0; state == SessionState::kBlocked; ++rounds) {
      if (rounds == 1'000'000) throw std::runtime_error("the session does not come to an end");
      ++blocked;
      state = session->Resume(out);
      Take();
    }
  }
  void Take() {
    largest = std::max(largest, out.size());
    output.append(out.view());
    out.Clear();
  }
};

/// Whether the connection ends, in whatever way: which of the two it is may depend on what was
/// received already.
inline bool Ends(SessionState state) {
  return state == SessionState::kClosing || state == SessionState::kLingering;
}

/// What a fresh server says to `bytes`, cut at `cut` (npos: whole).
struct Conversation {
  std::string output;
  bool ends = false;
  bool operator==(const Conversation&) const = default;
};

/// `configure` prepares each fresh server.
template <typename Configure>
Conversation Converse(std::string_view bytes, std::size_t cut, Configure&& configure) {
  TestServer server;
  configure(server);
  TestConnection connection(server);
  connection.Send(bytes.substr(0, cut));
  if (cut < bytes.size() && connection.open()) connection.Send(bytes.substr(cut));
  return {connection.output, Ends(connection.state)};
}

/// The answer to `bytes` after having shown that it is the same for every cut in two and byte for
/// byte.
template <typename Configure>
Conversation ConverseAnyway(std::string_view bytes, Configure&& configure) {
  const Conversation whole = Converse(bytes, std::string_view::npos, configure);
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    const Conversation halves = Converse(bytes, cut, configure);
    if (!(halves == whole)) {
      throw std::runtime_error("cut at " + std::to_string(cut) + ": " + halves.output +
                               "\n--- instead of ---\n" + whole.output);
    }
  }
  TestServer server;
  configure(server);
  TestConnection connection(server);
  connection.SendEachByte(bytes);
  if (connection.output != whole.output || Ends(connection.state) != whole.ends) {
    throw std::runtime_error("byte for byte: " + connection.output + "\n--- instead of ---\n" +
                             whole.output);
  }
  return whole;
}
inline Conversation ConverseAnyway(std::string_view bytes) {
  return ConverseAnyway(bytes, [](TestServer&) {});
}

/// Status codes of the answers in `output`, in order.
inline std::vector<int> Statuses(std::string_view output) {
  constexpr std::string_view kStart = "HTTP/1.1 ";
  std::vector<int> statuses;
  for (std::size_t at = output.find(kStart); at != std::string_view::npos;
       at = output.find(kStart, at + 1)) {
    statuses.push_back(std::stoi(std::string(output.substr(at + kStart.size(), 3))));
  }
  return statuses;
}

/// An answer of TestServer with a text body, as it is written to a HTTP/1.1 client that stays.
inline std::string TextAnswer(std::string_view body, std::string_view connection = {}) {
  std::string text = "HTTP/1.1 200 OK\r\n";
  text.append(kDateAndServer).append("Content-Type: text/plain\r\n").append(connection);
  text.append("Content-Length: ")
      .append(std::to_string(body.size()))
      .append("\r\n\r\n")
      .append(body);
  return text;
}

/// An answer of the engine's own. `fields` stand before Connection and Content-Length.
inline std::string ErrorAnswer(int status, std::string_view reason, bool close,
                               std::string_view fields = {}) {
  const std::string body = "{\"detail\":\"" + std::string(reason) + "\"}";
  std::string text = "HTTP/1.1 " + std::to_string(status) + " " + std::string(reason) + "\r\n";
  text.append(kDateAndServer).append("Content-Type: application/json\r\n").append(fields);
  if (close) text.append("Connection: close\r\n");
  text.append("Content-Length: ")
      .append(std::to_string(body.size()))
      .append("\r\n\r\n")
      .append(body);
  return text;
}

}  // namespace turbo::engine::test
