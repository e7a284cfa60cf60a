// The event loop's life: drain, stop, limits, a lack of descriptors, the wait observer.
#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

#include "engine/loop/access_log.h"
#include "tests/engine/loop_test_support.h"

namespace turbo::engine::testing {
namespace {

TEST_CASE("EventLoop returns at once from a drain or a stop when nothing is connected", "[loop]") {
  const bool drain = GENERATE(true, false);
  RunningLoop server;
  drain ? server.loop->RequestDrain() : server.loop->RequestStop();
  CHECK(server.Returns());
}

TEST_CASE("EventLoop obeys a drain that was asked for before it ran", "[loop]") {
  FakeGateway gateway;
  LoopCounters counters;
  ProcessShared shared;
  EventLoop loop({}, gateway, nullptr, counters, shared);
  const UniqueFd listener = ListenTcp();
  REQUIRE(loop.AddListener(listener.get()));
  loop.RequestDrain();
  loop.Run();
  SUCCEED("returned");
}

TEST_CASE("EventLoop that never ran can be destroyed", "[loop]") {
  FakeGateway gateway;
  LoopCounters counters;
  ProcessShared shared;
  const UniqueFd listener = ListenTcp();
  const Client client(listener.get());
  EventLoop loop({}, gateway, nullptr, counters, shared);
  CHECK(loop.AddListener(listener.get()));
}

TEST_CASE("EventLoop refuses what is not a listening socket", "[loop]") {
  FakeGateway gateway;
  LoopCounters counters;
  ProcessShared shared;
  EventLoop loop({}, gateway, nullptr, counters, shared);
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const Result<void> added = loop.AddListener(fd.get());
  REQUIRE(!added);
  CHECK(added.error().exit_code == ExitCode::kResourceRefused);
  CHECK(!loop.AddListener(-1));
}

TEST_CASE("EventLoop closes idle connections at a drain and finishes what is in flight", "[loop]") {
  RunningLoop server;
  Client idle(server.listener.get());
  CHECK(idle.GetHello().ends_with("hello"));
  Client slow(server.listener.get(), 4096);
  slow.Get("/stream/500");  // 8 MB
  Client half(server.listener.get());
  half.Send("GET /hello HTTP/1.1\r\nHost: te");
  REQUIRE(Eventually([&] { return server.gateway.handled.load() == 2; }));
  std::this_thread::sleep_for(50ms);

  server.loop->RequestDrain();
  CHECK(idle.ReadToEnd().empty());
  CHECK(idle.ended);
  half.Send("st\r\n\r\n");
  const std::string answer = half.ReadToEnd();
  CHECK(answer.ends_with("hello"));
  CHECK(Client::Count(answer, "Connection: close\r\n") == 1);
  CHECK(!server.returned.load());
  const std::string stream = slow.ReadToEnd();
  CHECK(stream.ends_with("\r\n0\r\n\r\n"));
  CHECK(std::count(stream.begin(), stream.end(), '#') == 500 * 16 * 1024);
  CHECK(server.Returns());
  CHECK(server.shared.connections.load() == 0);
}

TEST_CASE("EventLoop answers at a drain what has arrived but was not read yet", "[loop]") {
  for (int round = 0; round < 3; ++round) {
    RunningLoop server;
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 20; ++i) {
      clients.push_back(std::make_unique<Client>(server.listener.get()));
      CHECK(clients.back()->GetHello().ends_with("hello"));
    }
    // The loop works on the large answer while the other requests arrive and the drain is asked
    // for.
    clients.front()->Get("/big/20000000");
    for (std::size_t i = 1; i < clients.size(); ++i) clients[i]->Get("/hello");
    server.loop->RequestDrain();
    for (std::size_t i = 1; i < clients.size(); ++i) {
      REQUIRE(clients[i]->ReadToEnd().ends_with("hello"));
      REQUIRE(clients[i]->ended);
    }
  }
}

TEST_CASE("EventLoop waits a moment at a drain for the first request of a new connection",
          "[loop]") {
  RunningLoop server;
  Client fresh(server.listener.get());
  Client silent(server.listener.get());
  REQUIRE(Eventually([&] { return server.counters.connections.value() == 2; }));
  server.loop->RequestDrain();
  std::this_thread::sleep_for(20ms);
  fresh.Get("/hello");
  const std::string answer = fresh.ReadToEnd();
  CHECK(answer.ends_with("hello"));
  CHECK(Client::Count(answer, "Connection: close\r\n") == 1);
  CHECK(silent.ReadToEnd().empty());
  CHECK(server.Returns(5s));
}

TEST_CASE("EventLoop leaves what is queued on the listener to the next loop", "[loop]") {
  UniqueFd listener = ListenTcp();
  const UniqueFd kept(::fcntl(listener.get(), F_DUPFD_CLOEXEC, 0));
  {
    RunningLoop first({}, 0, nullptr, std::move(listener));
    first.loop->RequestDrain();
    REQUIRE(first.Returns());
  }
  Client client(kept.get());
  client.Get("/hello");
  RunningLoop second({}, 0, nullptr, UniqueFd(::fcntl(kept.get(), F_DUPFD_CLOEXEC, 0)));
  CHECK(client.ReadAnswers(1, "hello").ends_with("hello"));
}

TEST_CASE("EventLoop waits at a drain for an application that answers later", "[loop]") {
  RunningLoop server;
  Client other(server.listener.get());
  CHECK(other.GetHello().ends_with("hello"));
  Client waiting(server.listener.get());
  waiting.Get("/later");
  REQUIRE(Eventually([&] { return server.gateway.kept.load() == 1; }));
  other.Send("GET /release HT");
  REQUIRE(Eventually([&] { return server.counters.bytes_in.value() > 80; }));
  std::this_thread::sleep_for(20ms);
  server.loop->RequestDrain();
  std::this_thread::sleep_for(20ms);
  other.Send("TP/1.1\r\nHost: test\r\n\r\n");
  CHECK(other.ReadToEnd().ends_with("released"));
  CHECK(waiting.ReadToEnd().ends_with("late"));
  CHECK(server.Returns());
}

TEST_CASE("EventLoop cuts everything at a stop", "[loop]") {
  RunningLoop server;
  Client waiting(server.listener.get());
  waiting.Get("/later");
  Client slow(server.listener.get(), 4096);
  slow.Get("/stream/1000");
  Client idle(server.listener.get());
  CHECK(idle.GetHello().ends_with("hello"));
  REQUIRE(Eventually([&] { return server.gateway.kept.load() == 1; }));
  server.loop->RequestStop();
  CHECK(server.Returns(2s));
  CHECK(server.gateway.abandoned.load() == 1);
  for (Client* client : {&waiting, &idle, &slow}) {
    client->ReadToEnd();
    CHECK(client->reset);
  }
  CHECK(server.counters.connections.value() == 0);
}

TEST_CASE("EventLoop stops in the middle of a drain", "[loop]") {
  RunningLoop server;
  Client waiting(server.listener.get());
  waiting.Get("/later");
  REQUIRE(Eventually([&] { return server.gateway.kept.load() == 1; }));
  server.loop->RequestDrain();
  std::this_thread::sleep_for(50ms);
  CHECK(!server.returned.load());
  server.loop->RequestStop();
  CHECK(server.Returns(2s));
}

TEST_CASE("EventLoop accepts no more than max_connections, and goes on when one closes", "[loop]") {
  RunningLoop server({}, 3);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(std::make_unique<Client>(server.listener.get()));
    clients.back()->Get("/hello");
  }
  for (int i = 0; i < 3; ++i) CHECK(clients[i]->ReadAnswers(1, "hello").ends_with("hello"));
  std::this_thread::sleep_for(300ms);
  CHECK(server.counters.connections.value() == 3);
  clients[0]->Close();
  CHECK(clients[3]->ReadAnswers(1, "hello").ends_with("hello"));
  clients[1]->Close();
  CHECK(clients[4]->ReadAnswers(1, "hello").ends_with("hello"));
  CHECK(server.counters.accepted.value() == 5);
}

TEST_CASE("EventLoop goes on accepting when another loop of its process closes a connection",
          "[loop]") {
  RunningLoop server({}, 1);
  server.shared.connections.fetch_add(1);  // another loop's
  Client client(server.listener.get());
  client.Get("/hello");
  std::this_thread::sleep_for(250ms);
  CHECK(server.counters.accepted.value() == 0);
  server.shared.connections.fetch_sub(1);
  CHECK(client.ReadAnswers(1, "hello").ends_with("hello"));
}

TEST_CASE("EventLoop survives a lack of descriptors", "[loop]") {
  // UBSan looks at an object of a new type through a pipe, for which there will be no descriptor:
  // what the loop will log with is shown to it before, and made before the loop's thread is.
  spdlog::warn("every descriptor is {}", "about to be taken");
  RunningLoop server;
  Client before(server.listener.get());
  CHECK(before.GetHello().ends_with("hello"));
  Client starved(server.listener.get(), 0);
  CHECK(starved.GetHello().ends_with("hello"));

  // All descriptors up to a lowered limit are taken; the client's own comes first.
  UniqueFd late(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const rlimit low{.rlim_cur = 256, .rlim_max = limit.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);
  std::vector<UniqueFd> hoard;
  for (;;) {
    UniqueFd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!fd) break;
    hoard.push_back(std::move(fd));
  }
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  ::getsockname(server.listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
  REQUIRE(::connect(late.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  const std::string request = "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n";
  REQUIRE(::send(late.get(), request.data(), request.size(), MSG_NOSIGNAL) > 0);
  std::this_thread::sleep_for(300ms);
  const bool refused = server.counters.accepted.value() == 2;
  const std::string meanwhile = before.GetHello();
  hoard.clear();
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK(refused);
  CHECK(meanwhile.ends_with("hello"));

  pollfd waiting{.fd = late.get(), .events = POLLIN, .revents = 0};
  CHECK(::poll(&waiting, 1, 5000) == 1);
  CHECK(server.counters.accepted.value() == 3);
}

/// Records what a thread that must be attached would see.
class RecordingObserver final : public WaitObserver {
 public:
  explicit RecordingObserver(bool polls_first) : polls_first_(polls_first) {}

  [[nodiscard]] bool polls_first() const noexcept override { return polls_first_; }
  void BeforeWait() noexcept override {
    if (detached.exchange(true)) misuse.store(true);
    waits.fetch_add(1);
  }
  void AfterWait() noexcept override {
    if (!detached.exchange(false)) misuse.store(true);
  }

  std::atomic<bool> detached{false};
  std::atomic<bool> misuse{false};
  std::atomic<std::uint64_t> waits{0};

 private:
  bool polls_first_;
};

TEST_CASE("EventLoop tells its observer of every sleep and runs handlers only in between",
          "[loop]") {
  const bool polls_first = GENERATE(false, true);
  RecordingObserver observer(polls_first);
  {
    RunningLoop server({}, 0, &observer);
    Client client(server.listener.get());
    for (int i = 0; i < 20; ++i) CHECK(client.GetHello().ends_with("hello"));
    CHECK(Eventually([&] { return observer.detached.load(); }));
    CHECK(observer.waits.load() >= 1);
  }
  CHECK(!observer.misuse.load());
  CHECK(!observer.detached.load());
}

TEST_CASE("EventLoop beats its heart when idle", "[loop]") {
  RunningLoop server;
  const auto beat = [&] { return server.counters.heartbeat_ms.value(); };
  REQUIRE(Eventually([&] { return beat() != 0; }));
  const std::uint64_t first = beat();
  CHECK(Eventually([&] { return beat() > first; }, 5s));
}

TEST_CASE("EventLoop writes the access log in the turn of the answer", "[loop]") {
  int fds[2];
  REQUIRE(::pipe2(fds, O_CLOEXEC) == 0);
  const UniqueFd read_end(fds[0]);
  const UniqueFd write_end(fds[1]);
  AccessLog log(write_end.get(), AccessLog::Format::kText);
  LoopConfig config;
  config.access_log = &log;
  RunningLoop server(config);
  Client client(server.listener.get());
  CHECK(client.GetHello().ends_with("hello"));
  pollfd waiting{.fd = read_end.get(), .events = POLLIN, .revents = 0};
  REQUIRE(::poll(&waiting, 1, 5000) == 1);
  char line[256];
  const ssize_t n = ::read(read_end.get(), line, sizeof(line));
  REQUIRE(n > 0);
  const std::string text(line, static_cast<std::size_t>(n));
  INFO(text);
  CHECK(text.starts_with("127.0.0.1:"));
  CHECK(text.find(" \"GET /hello HTTP/1.1\" 200 5 ") != std::string::npos);
}

}  // namespace
}  // namespace turbo::engine::testing
