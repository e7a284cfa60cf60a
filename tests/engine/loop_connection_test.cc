// Connections of the event loop over real sockets: keep-alive, pipelines, backpressure, half-close,
// resets, lingering.
#include <fcntl.h>

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "tests/engine/loop_test_support.h"

namespace turbo::engine::testing {
namespace {

TEST_CASE("EventLoop answers request after request on one connection", "[loop]") {
  RunningLoop server;
  Client client(server.listener.get());
  for (int i = 0; i < 100; ++i) {
    const std::string answer = client.GetHello();
    REQUIRE(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    REQUIRE(answer.ends_with("\r\n\r\nhello"));
  }
  CHECK(server.counters.requests.value() == 100);
  CHECK(server.counters.accepted.value() == 1);
  CHECK(server.counters.connections.value() == 1);
  CHECK(server.counters.bytes_in.value() > 100 * 30);
  CHECK(server.counters.bytes_out.value() > 100 * 80);
}

TEST_CASE("EventLoop allocates nothing for a request on a warm connection", "[loop]") {
  RunningLoop server;
  Client client(server.listener.get());
  const auto allocations = [&] { return server.gateway.allocations.load(); };
  const std::string pipeline = [] {
    std::string requests;
    for (int i = 0; i < 16; ++i) requests += "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n";
    return requests;
  }();
  for (int i = 0; i < 10; ++i) CHECK(client.GetHello().ends_with("hello"));
  const std::uint64_t before = allocations();
  for (int i = 0; i < 100; ++i) CHECK(client.GetHello().ends_with("hello"));
  CHECK(allocations() == before);

  const auto exchange = [&] {
    client.Send(pipeline);
    CHECK(client.ReadAnswers(16, "hello").ends_with("hello"));
  };
  for (int i = 0; i < 10; ++i) exchange();
  const std::uint64_t warm = allocations();
  for (int i = 0; i < 100; ++i) exchange();
  CHECK(allocations() == warm);
}

TEST_CASE("EventLoop reuses the memory of closed connections", "[loop]") {
  RunningLoop server;
  const auto serve = [&] {
    Client client(server.listener.get());
    CHECK(client.GetHello().ends_with("hello"));
    client.Close();
    CHECK(Eventually([&] { return server.counters.connections.value() == 0; }));
  };
  for (int i = 0; i < 10; ++i) serve();
  const std::uint64_t before = server.gateway.allocations.load();
  for (int i = 0; i < 50; ++i) serve();
  CHECK(server.gateway.allocations.load() == before);
}

TEST_CASE("EventLoop serves many connections side by side", "[loop]") {
  RunningLoop server;
  std::vector<std::unique_ptr<Client>> clients;
  clients.reserve(200);
  for (int i = 0; i < 200; ++i) clients.push_back(std::make_unique<Client>(server.listener.get()));
  for (const auto& client : clients) client->Get("/hello");
  for (const auto& client : clients) CHECK(client->ReadAnswers(1, "hello").ends_with("hello"));
  CHECK(server.counters.connections.value() == 200);
  clients.clear();
  CHECK(Eventually([&] { return server.counters.connections.value() == 0; }));
  CHECK(server.shared.connections.load() == 0);
  CHECK(server.counters.read_errors.value() == 0);
}

TEST_CASE("EventLoop answers a request that comes byte by byte", "[loop]") {
  RunningLoop server;
  Client client(server.listener.get());
  for (const char c : std::string("GET /hello HTTP/1.1\r\nHost: test\r\n\r\n")) {
    client.Send(std::string(1, c));
  }
  CHECK(client.ReadAnswers(1, "hello").ends_with("hello"));
}

TEST_CASE("EventLoop answers a pipeline in order, longer than any buffer", "[loop]") {
  RunningLoop server;
  Client client(server.listener.get());
  std::string requests;
  constexpr std::size_t kCount = 5000;
  for (std::size_t i = 0; i < kCount; ++i) {
    requests += "GET /big/" + std::to_string(i % 97) + " HTTP/1.1\r\nHost: test\r\n\r\n";
  }
  std::thread sender([&] { client.Send(requests); });
  const std::string end = "Content-Length: 52\r\n\r\n" + std::string(52, 'b');
  const std::string all = client.ReadUntil([&](const std::string& text) {
    return text.ends_with(end) && Client::Count(text, "HTTP/1.1 200 OK\r\n") == kCount;
  });
  sender.join();
  static_assert((kCount - 1) % 97 == 52);
  std::size_t at = 0;
  for (std::size_t i = 0; i < kCount; ++i) {
    at = all.find("Content-Length: ", at);
    REQUIRE(at != std::string::npos);
    at += 16;
    REQUIRE(std::stoul(all.substr(at, 4)) == i % 97);
  }
  CHECK(!client.timed_out);
  CHECK(server.gateway.handled.load() == kCount);
}

TEST_CASE("EventLoop takes a body of many megabytes", "[loop]") {
  LoopConfig config;
  RunningLoop server(config);
  Client client(server.listener.get());
  std::string body(5'000'000, '.');
  for (std::size_t i = 0; i < body.size(); i += 1000)
    body[i] = static_cast<char>('a' + i / 1000 % 26);
  std::thread sender([&] {
    client.Send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n");
    client.Send(body);
  });
  const std::string answer = client.ReadUntil(
      [&](const std::string& all) { return all.size() > body.size() && all.ends_with(body); });
  sender.join();
  CHECK(answer.ends_with(body));
}

TEST_CASE("EventLoop writes a large answer to a client that reads slowly", "[loop]") {
  RunningLoop server;
  Client slow(server.listener.get(), 4096);
  slow.Get("/big/20000000");
  Client other(server.listener.get());
  REQUIRE(Eventually([&] { return server.gateway.handled.load() == 1; }));
  CHECK(other.GetHello().ends_with("hello"));  // the slow one holds nobody up
  const std::string answer = slow.ReadUntil(
      [&](const std::string& all) { return all.size() > 20'000'000 + 50 && all.ends_with("b"); });
  CHECK(Client::Count(std::string_view(answer).substr(0, 200), "Content-Length: 20000000\r\n") ==
        1);
  CHECK(answer.size() - answer.find("\r\n\r\n") - 4 == 20'000'000);
  slow.Get("/hello");
  CHECK(slow.ReadAnswers(1, "hello").ends_with("hello"));
}

TEST_CASE("EventLoop produces a stream only as its client takes it", "[loop]") {
  RunningLoop server;
  Client slow(server.listener.get(), 4096);
  slow.Get("/stream/10000");  // 160 MB
  REQUIRE(Eventually([&] { return server.gateway.produced.load() > 0; }));
  std::this_thread::sleep_for(300ms);
  const std::uint64_t produced = server.gateway.produced.load();
  // What the kernel's send buffer takes (some megabytes) and one high-water mark.
  CHECK(produced < 16'000'000);
  Client other(server.listener.get());
  CHECK(other.GetHello().ends_with("hello"));
  CHECK(server.gateway.produced.load() == produced);
  slow.Close();
  CHECK(Eventually([&] { return server.counters.connections.value() == 1; }));
}

TEST_CASE("EventLoop streams to the end and goes on with the connection", "[loop]") {
  RunningLoop server;
  Client client(server.listener.get());
  client.Get("/stream/100");
  const std::string answer =
      client.ReadUntil([](const std::string& all) { return all.ends_with("\r\n0\r\n\r\n"); });
  CHECK(std::count(answer.begin(), answer.end(), '#') == 100 * 16 * 1024);
  CHECK(client.GetHello().ends_with("hello"));
}

TEST_CASE("EventLoop lets others go on while one connection streams without end", "[loop]") {
  RunningLoop server;
  Client greedy(server.listener.get());
  greedy.Get("/stream/1000000000");
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    char buffer[65536];
    while (!stop.load()) {
      if (::recv(greedy.fd(), buffer, sizeof(buffer), 0) <= 0) break;
    }
  });
  Client other(server.listener.get());
  for (int i = 0; i < 20; ++i) CHECK(other.GetHello().ends_with("hello"));
  stop.store(true);
  reader.join();
}

TEST_CASE("EventLoop resets a connection whose stream fails", "[loop]") {
  RunningLoop server;
  Client client(server.listener.get());
  client.Get("/broken/3");
  const std::string answer = client.ReadToEnd();
  CHECK(client.reset);
  CHECK(!answer.ends_with("0\r\n\r\n"));
  CHECK(Eventually([&] { return server.counters.connections.value() == 0; }));
}

TEST_CASE("EventLoop answers a client that half-closes with its request", "[loop]") {
  RunningLoop server;
  for (int i = 0; i < 50; ++i) {
    Client client(server.listener.get());
    client.Get("/hello");
    client.ShutdownWrite();
    client.patience = 3s;  // the FIN must be noticed, not the keep-alive time-out
    const std::string answer = client.ReadToEnd();
    REQUIRE(answer.ends_with("hello"));
    REQUIRE(client.ended);
  }
}

TEST_CASE("EventLoop notices a FIN that came together with the request", "[loop]") {
  // The first connection keeps the loop busy, so that both have arrived before the loop looks.
  RunningLoop server;
  for (int i = 0; i < 6; ++i) {
    Client busy(server.listener.get());
    Client client(server.listener.get());
    CHECK(client.GetHello().ends_with("hello"));
    busy.Get("/big/10000000");
    client.Get("/hello");
    client.ShutdownWrite();
    client.patience = 3s;
    const std::string answer = client.ReadToEnd();
    REQUIRE(answer.ends_with("hello"));
    REQUIRE(client.ended);
  }
}

TEST_CASE("EventLoop answers a half-closed client that has to wait for the application", "[loop]") {
  RunningLoop server;
  Client waiting(server.listener.get());
  waiting.Get("/later");
  waiting.ShutdownWrite();
  REQUIRE(Eventually([&] { return server.gateway.kept.load() == 1; }));
  Client other(server.listener.get());
  other.Get("/release");
  CHECK(other.ReadAnswers(1, "released").ends_with("released"));
  CHECK(waiting.ReadToEnd().ends_with("late"));
  CHECK(waiting.ended);
  CHECK(server.gateway.abandoned.load() == 0);
}

TEST_CASE("EventLoop reads no further request while the application works on one", "[loop]") {
  RunningLoop server;
  Client waiting(server.listener.get());
  waiting.Get("/later");
  REQUIRE(Eventually([&] { return server.gateway.kept.load() == 1; }));
  waiting.Get("/hello");
  waiting.Get("/big/3");
  std::this_thread::sleep_for(50ms);
  CHECK(server.gateway.handled.load() == 1);
  Client other(server.listener.get());
  other.Get("/release");
  const std::string answers = waiting.ReadAnswers(3, "bbb");
  CHECK(answers.find("late") < answers.find("hello"));
  CHECK(answers.ends_with("bbb"));
}

TEST_CASE("EventLoop abandons a kept request whose client resets", "[loop]") {
  RunningLoop server;
  Client client(server.listener.get());
  client.Get("/later");
  REQUIRE(Eventually([&] { return server.gateway.kept.load() == 1; }));
  client.Reset();
  CHECK(Eventually([&] { return server.gateway.abandoned.load() == 1; }));
  CHECK(Eventually([&] { return server.counters.connections.value() == 0; }));
}

TEST_CASE("EventLoop survives clients that reset at any moment", "[loop]") {
  RunningLoop server;
  for (int i = 0; i < 100; ++i) {
    Client client(server.listener.get(), 4096);
    switch (i % 4) {
      case 0:
        break;
      case 1:
        client.Send("GET /hel");
        break;
      case 2:
        client.Get("/big/3000000");
        break;
      default:
        client.Get("/stream/1000");
        break;
    }
    if (i % 8 >= 4) std::this_thread::sleep_for(1ms);
    client.Reset();
  }
  CHECK(Eventually([&] { return server.counters.connections.value() == 0; }));
  Client after(server.listener.get());
  CHECK(after.GetHello().ends_with("hello"));
}

TEST_CASE("EventLoop delivers its last answer to a client that is still sending", "[loop]") {
  RunningLoop server;
  Client client(server.listener.get());
  // More than the default limit of a body: refused, and not read to the end.
  client.Send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 100000000\r\n\r\n");
  client.Send(std::string(300'000, 'z'));
  const std::string answer = client.ReadToEnd();
  CHECK(answer.starts_with("HTTP/1.1 413 "));
  CHECK(client.ended);
}

TEST_CASE("EventLoop closes after an answer with Connection: close, unread input or not",
          "[loop]") {
  RunningLoop server;
  Client client(server.listener.get());
  client.Send("GET /hello HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\nGET /hello HTT");
  client.Send(std::string(100'000, 'j'));
  const std::string answer = client.ReadToEnd();
  CHECK(answer.ends_with("hello"));
  CHECK(client.ended);
  CHECK(Client::Count(answer, "HTTP/1.1") == 1);
}

TEST_CASE("EventLoop serves a Unix-domain socket", "[loop]") {
  const std::string path = "/tmp/turbo-loop-test-" + std::to_string(::getpid()) + ".sock";
  ::unlink(path.c_str());
  UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  REQUIRE(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  REQUIRE(::listen(listener.get(), 16) == 0);
  {
    RunningLoop server({}, 0, nullptr, std::move(listener));
    std::vector<std::unique_ptr<Client>> clients;
    clients.reserve(10);
    for (int i = 0; i < 10; ++i) clients.push_back(std::make_unique<Client>(server.listener.get()));
    for (const auto& client : clients) CHECK(client->GetHello().ends_with("hello"));
    clients.front()->Get("/big/3000000");
    CHECK(clients.front()->ReadAnswers(1, std::string(3'000'000, 'b')).size() > 3'000'000);
  }
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace turbo::engine::testing
