// For the tests of the event loop: a loop on a thread of its own, a gateway with a few routes, and
// a blocking client.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "engine/base/unique_fd.h"
#include "engine/loop/event_loop.h"
#include "tests/engine/allocation_counter.h"

namespace turbo::engine::testing {

using namespace std::chrono_literals;

/// Waits for something that another thread does; false after `patience`.
inline bool Eventually(const std::function<bool()>& condition,
                       std::chrono::milliseconds patience = 10s) {
  const auto give_up = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

/// A body of `chunks` pieces of 16 KiB, then the end, or a failure.
class ChunkSource final : public BodySource {
 public:
  ChunkSource(std::uint64_t chunks, bool fails, std::atomic<std::uint64_t>& produced)
      : left_(chunks), fails_(fails), produced_(produced) {}

  Status Produce(OutputBuffer& out) noexcept override {
    if (left_ == 0) return fails_ ? Status::kFailed : Status::kDone;
    --left_;
    std::memset(out.Reserve(kChunk), '#', kChunk);
    out.Commit(kChunk);
    produced_.fetch_add(kChunk, std::memory_order_relaxed);
    return Status::kMore;
  }

  static constexpr std::size_t kChunk = 16 * 1024;

 private:
  std::uint64_t left_;
  bool fails_;
  std::atomic<std::uint64_t>& produced_;
};

/// GET /hello, /big/N (N bytes), /stream/N and /broken/N (N chunks), POST /echo, GET /later (kept
/// until /release).
class FakeGateway final : public AppGateway {
 public:
  FakeGateway() {
    MethodSet get;
    get.Add(Method::kGet);
    MethodSet post;
    post.Add(Method::kPost);
    Add(get, "/hello");
    Add(get, "/big/{n:int}");
    Add(get, "/stream/{n:int}");
    Add(get, "/broken/{n:int}");
    Add(post, "/echo");
    Add(get, "/later");
    Add(get, "/release");
    Add(get, "/busy/{ms:int}");
  }

  [[nodiscard]] const Router& router() const override { return router_; }

  void Handle(Exchange& exchange) noexcept override {
    allocations.store(test::AllocationsOfThisThread());
    handled.fetch_add(1);
    const ResponseHead head{.status = 200, .content_type = "text/plain", .headers = {}};
    const auto number = [&] {
      return static_cast<std::uint64_t>(exchange.path_values().front().integer);
    };
    switch (exchange.route()) {
      case 0:
        return exchange.Respond(head, "hello");
      case 1:
        return exchange.Respond(head, std::string(number(), 'b'));
      case 2:
      case 3:
        return exchange.Stream(
            head, std::make_unique<ChunkSource>(number(), exchange.route() == 3, produced));
      case 4:
        return exchange.Respond(head, exchange.request().body);
      case 5:
        kept_.push_back(&exchange);
        kept.store(kept_.size());
        return;
      case 7:
        std::this_thread::sleep_for(std::chrono::milliseconds(number()));
        return exchange.Respond(head, "busy");
      default:
        for (Exchange* waiting : std::exchange(kept_, {})) waiting->Respond(head, "late");
        kept.store(0);
        return exchange.Respond(head, "released");
    }
  }

  void Abandoned(Exchange& exchange) noexcept override {
    abandoned.fetch_add(1);
    std::erase(kept_, &exchange);
    kept.store(kept_.size());
  }

  std::atomic<std::uint64_t> allocations{0};  ///< of the loop's thread, before the last request
  std::atomic<std::uint64_t> handled{0};
  std::atomic<std::uint64_t> produced{0};  ///< bytes of all streams
  std::atomic<std::uint64_t> abandoned{0};
  std::atomic<std::uint64_t> kept{0};

 private:
  void Add(MethodSet methods, std::string_view pattern) {
    REQUIRE(router_.Add(methods, pattern, next_++));
  }

  Router router_;
  RouteId next_ = 0;
  std::vector<Exchange*> kept_;  // of the loop's thread
};

inline UniqueFd ListenTcp(int backlog = 128) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  REQUIRE(::listen(fd.get(), backlog) == 0);
  return fd;
}

/// A client with blocking calls and a deadline on each.
class Client {
 public:
  /// Connects to wherever `listener` listens; a small `receive_buffer` makes a slow reader.
  explicit Client(int listener, int receive_buffer = 0) {
    sockaddr_storage address{};
    socklen_t size = sizeof(address);
    REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    fd_.Reset(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(fd_.valid());
    if (receive_buffer != 0) {
      ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    }
    REQUIRE(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  }

  [[nodiscard]] int fd() const { return fd_.get(); }
  void Close() { fd_.Reset(); }
  void ShutdownWrite() const { REQUIRE(::shutdown(fd(), SHUT_WR) == 0); }
  void Reset() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    fd_.Reset();
  }

  void Send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      REQUIRE(n > 0);
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  void Get(std::string_view path) const {
    Send("GET " + std::string(path) + " HTTP/1.1\r\nHost: test\r\n\r\n");
  }

  /// Reads what comes until `enough` says so, the end, or 10 s without a byte (`timed_out`).
  std::string ReadUntil(const std::function<bool(const std::string&)>& enough) {
    std::string all;
    ended = reset = timed_out = false;
    while (!enough(all)) {
      pollfd waiting{.fd = fd(), .events = POLLIN, .revents = 0};
      if (::poll(&waiting, 1, static_cast<int>(patience.count())) != 1) {
        timed_out = true;
        break;
      }
      char buffer[65536];
      const ssize_t n = ::recv(fd(), buffer, sizeof(buffer), 0);
      if (n <= 0) {
        (n == 0 ? ended : reset) = true;
        break;
      }
      all.append(buffer, static_cast<std::size_t>(n));
    }
    return all;
  }
  std::string ReadToEnd() {
    return ReadUntil([](const std::string&) { return false; });
  }
  /// `count` answers whose bodies end with `last`.
  std::string ReadAnswers(std::size_t count, std::string_view last) {
    return ReadUntil([&](const std::string& all) {
      return Count(all, "HTTP/1.1 200 OK\r\n") >= count && all.ends_with(last);
    });
  }
  std::string GetHello() {
    Get("/hello");
    return ReadAnswers(1, "hello");
  }

  static std::size_t Count(std::string_view text, std::string_view what) {
    std::size_t count = 0;
    for (std::size_t at = text.find(what); at != std::string_view::npos;
         at = text.find(what, at + what.size())) {
      ++count;
    }
    return count;
  }

  bool ended = false;  ///< by FIN
  bool reset = false;  ///< by an error
  bool timed_out = false;
  std::chrono::milliseconds patience = 10s;

 private:
  UniqueFd fd_;
};

/// A loop that serves FakeGateway at a listener, on its own thread.
class RunningLoop {
 public:
  explicit RunningLoop(const LoopConfig& config = {}, std::uint64_t max_connections = 0,
                       WaitObserver* observer = nullptr, UniqueFd use = ListenTcp())
      : listener(std::move(use)) {
    shared.max_connections = max_connections;
    loop = std::make_unique<EventLoop>(config, gateway, observer, counters, shared);
    REQUIRE(loop->AddListener(listener.get()));
    thread_ = std::thread([this] {
      loop->Run();
      returned.store(true);
    });
  }
  RunningLoop(const RunningLoop&) = delete;
  RunningLoop& operator=(const RunningLoop&) = delete;
  ~RunningLoop() {
    loop->RequestStop();
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] bool Returns(std::chrono::milliseconds patience = 10s) const {
    return Eventually([this] { return returned.load(); }, patience);
  }

  FakeGateway gateway;
  LoopCounters counters;
  ProcessShared shared;
  UniqueFd listener;
  std::unique_ptr<EventLoop> loop;
  std::atomic<bool> returned{false};

 private:
  std::thread thread_;
};

}  // namespace turbo::engine::testing
