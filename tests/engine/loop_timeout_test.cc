// Time-outs of the event loop's connections, and what keeps them from firing early.
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "engine/loop/stall_meter.h"
#include "tests/engine/loop_test_support.h"

namespace turbo::engine::testing {
namespace {

LoopConfig Impatient() {
  LoopConfig config;
  config.timeouts = {.header = 300ms, .body = 300ms, .keep_alive = 300ms, .write = 300ms};
  return config;
}

/// Whole milliseconds that `action` takes.
std::int64_t Milliseconds(const std::function<void()>& action) {
  const auto begin = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               begin)
      .count();
}

TEST_CASE("EventLoop closes an idle connection after the keep-alive time-out", "[loop]") {
  RunningLoop server(Impatient());
  Client client(server.listener.get());
  CHECK(client.GetHello().ends_with("hello"));
  std::string rest;
  const std::int64_t time = Milliseconds([&] { rest = client.ReadToEnd(); });
  CHECK(rest.empty());
  CHECK(client.ended);
  CHECK(time >= 290);
  CHECK(time < 2000);
  CHECK(server.counters.timeouts.value() == 1);
}

TEST_CASE("EventLoop answers 408 to a request that does not arrive in time", "[loop]") {
  RunningLoop server(Impatient());
  Client head(server.listener.get());
  head.Send("GET /hello HTT");
  Client body(server.listener.get());
  body.Send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nabc");
  CHECK(head.ReadToEnd().starts_with("HTTP/1.1 408 "));
  CHECK(body.ReadToEnd().starts_with("HTTP/1.1 408 "));
  CHECK(server.counters.timeouts.value() == 2);
}

TEST_CASE("EventLoop gives a header block its own time, not what is left of keep-alive", "[loop]") {
  LoopConfig config = Impatient();
  config.timeouts.keep_alive = 60s;
  RunningLoop server(config);
  Client client(server.listener.get());
  CHECK(client.GetHello().ends_with("hello"));
  client.Send("GET /he");
  std::string answer;
  const std::int64_t time = Milliseconds([&] { answer = client.ReadToEnd(); });
  CHECK(answer.starts_with("HTTP/1.1 408 "));
  CHECK(time < 2000);
}

TEST_CASE("EventLoop cuts a client that takes nothing for the write time-out", "[loop]") {
  LoopConfig config = Impatient();
  config.timeouts.keep_alive = config.timeouts.header = 60s;
  RunningLoop server(config);
  Client client(server.listener.get(), 4096);
  client.Get("/big/20000000");
  CHECK(Eventually([&] { return server.counters.timeouts.value() == 1; }));
  CHECK(Eventually([&] { return server.counters.connections.value() == 0; }));
  client.ReadToEnd();
  CHECK(client.reset);
}

TEST_CASE("EventLoop keeps a client that takes a little before each write time-out", "[loop]") {
  LoopConfig config = Impatient();
  RunningLoop server(config);
  Client client(server.listener.get());
  client.Get("/big/30000000");
  std::size_t taken = 0;
  const auto end = std::chrono::steady_clock::now() + 1s;
  while (std::chrono::steady_clock::now() < end) {
    std::string buffer(400'000, '\0');
    taken += static_cast<std::size_t>(
        std::max<ssize_t>(0, ::recv(client.fd(), buffer.data(), buffer.size(), 0)));
    std::this_thread::sleep_for(20ms);
  }
  const std::string rest =
      client.ReadUntil([&](const std::string& all) { return taken + all.size() > 30'000'050; });
  CHECK(!client.reset);
  CHECK(taken + rest.size() > 30'000'000);
}

TEST_CASE("EventLoop counts no time-out while the application keeps it busy", "[loop]") {
  RunningLoop server(Impatient());
  Client client(server.listener.get());
  for (int i = 0; i < 3; ++i) {
    client.Get("/busy/600");  // longer than the keep-alive time-out
    REQUIRE(client.ReadAnswers(1, "busy").ends_with("busy"));
    std::this_thread::sleep_for(150ms);
  }
  CHECK(client.ReadToEnd().empty());
  CHECK(client.ended);
  CHECK(server.counters.timeouts.value() == 1);
}

TEST_CASE("StallMeter remembers the longest turn for a minute or two", "[loop]") {
  StallMeter meter;
  StallMeter::TimePoint now{std::chrono::hours(10)};
  const auto turn = [&](std::chrono::milliseconds length) {
    meter.Record(now, now + length);
    now += length;
  };
  turn(49ms);
  CHECK(meter.longest() == 0ms);
  turn(3s);
  turn(200ms);
  CHECK(meter.longest() == 3s);
  now += 61s;
  turn(100ms);
  CHECK(meter.longest() == 3s);
  now += 61s;
  turn(1ms);
  CHECK(meter.longest() == 100ms);
  now += 10min;
  turn(1ms);
  CHECK(meter.longest() == 0ms);
}

TEST_CASE("EventLoop stops reading for a client that does not close after the last answer",
          "[loop]") {
  RunningLoop server;
  Client client(server.listener.get());
  client.Send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 100000000\r\n\r\n");
  const std::string answer = client.ReadToEnd();
  CHECK(answer.starts_with("HTTP/1.1 413 "));
  CHECK(client.ended);
  CHECK(Eventually([&] { return server.counters.connections.value() == 0; }, 4s));
}

}  // namespace
}  // namespace turbo::engine::testing
