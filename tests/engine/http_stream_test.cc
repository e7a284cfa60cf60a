// Answers whose body is made while it is sent.
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "tests/engine/http_test_support.h"

namespace turbo::engine::test {
namespace {

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string kOwn(kDateAndServer);

/// Calls a function for each piece.
class Source final : public BodySource {
 public:
  using Function = std::function<Status(OutputBuffer&)>;
  explicit Source(Function function, int* destroyed = nullptr)
      : function_(std::move(function)), destroyed_(destroyed) {}
  ~Source() override {
    if (destroyed_ != nullptr) ++*destroyed_;
  }
  Status Produce(OutputBuffer& out) noexcept override { return function_(out); }

 private:
  Function function_;
  int* destroyed_;
};

/// Gives `pieces` one at a time, and `last` with the last one.
std::unique_ptr<BodySource> Pieces(std::vector<std::string> pieces,
                                   BodySource::Status last = BodySource::Status::kDone) {
  return std::make_unique<Source>(
      [pieces = std::move(pieces), last, next = std::size_t{0}](OutputBuffer& out) mutable {
        if (next < pieces.size()) out.Append(pieces[next++]);
        return next >= pieces.size() ? last : BodySource::Status::kMore;
      });
}

struct Rig {
  explicit Rig(std::function<std::unique_ptr<BodySource>()> make, ResponseHead head = {}) {
    server.gateway.Add({Method::kGet}, "/stream", [this, make, head](Exchange& exchange) {
      kept = &exchange;
      exchange.Stream(head, make());
    });
  }
  TestConnection& Ask(std::string_view method = "GET", std::string_view version = "1.1",
                      std::string_view then = {}) {
    return connection.Send(std::string(method) + " /stream HTTP/" + std::string(version) +
                           "\r\nHost: a\r\n\r\n" + std::string(then));
  }

  TestServer server;
  TestConnection connection{server};
  Exchange* kept = nullptr;
};

const std::string kChunkedHead =
    "HTTP/1.1 200 OK\r\n" + kOwn + "Transfer-Encoding: chunked\r\n\r\n";

}  // namespace

TEST_CASE("Exchange streams in chunks and stays open", "[http]") {
  Rig rig([] { return Pieces({"hello", " ", "world"}); });
  rig.Ask("GET", "1.1", kGet);
  CHECK(rig.connection.output ==
        kChunkedHead + "5\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\n\r\n" + TextAnswer("hello"));
  CHECK(rig.connection.state == SessionState::kReading);
  CHECK(rig.server.counters.in_flight.value() == 0);
  CHECK(rig.server.counters.responses[2].value() == 2);
}

TEST_CASE("Exchange streams an empty body", "[http]") {
  Rig rig([] { return Pieces({}); });
  CHECK(rig.Ask().output == kChunkedHead + "0\r\n\r\n");
  Rig empty_pieces([] { return Pieces({"", "", "a", "", ""}); });
  CHECK(empty_pieces.Ask().output == kChunkedHead + "1\r\na\r\n0\r\n\r\n");
}

TEST_CASE("Exchange sizes chunks of every length right", "[http]") {
  std::vector<std::string> pieces;
  std::string expected = kChunkedHead;
  for (const std::size_t size :
       {1UL, 15UL, 16UL, 255UL, 256UL, 17UL, 4095UL, 4096UL, 70'000UL, 2UL}) {
    pieces.emplace_back(size, 'p');
    char text[32];
    std::snprintf(text, sizeof(text), "%zx\r\n", size);
    expected += text + pieces.back() + "\r\n";
  }
  Rig rig([&] { return Pieces(pieces); });
  CHECK(rig.Ask().output == expected + "0\r\n\r\n");
}

TEST_CASE("Exchange streams to the end of the connection for HTTP/1.0", "[http]") {
  Rig rig([] { return Pieces({"hello", "world"}); });
  rig.connection.Send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(rig.connection.output ==
        "HTTP/1.1 200 OK\r\n" + kOwn + "Connection: close\r\n\r\nhelloworld");
  CHECK(rig.connection.state == SessionState::kClosing);
}

TEST_CASE("Exchange honours Content-Length of a stream", "[http]") {
  const HeaderField length[] = {{"Content-Length", "10"}};
  const ResponseHead head{.status = 200, .content_type = {}, .headers = length};
  Rig rig([] { return Pieces({"hello", "world"}); }, head);
  rig.Ask("GET", "1.1", kGet);
  CHECK(rig.connection.output == "HTTP/1.1 200 OK\r\n" + kOwn +
                                     "Content-Length: 10\r\n\r\nhelloworld" + TextAnswer("hello"));

  Rig old([] { return Pieces({"hello", "world"}); }, head);
  old.connection.Send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(old.connection.output ==
        "HTTP/1.1 200 OK\r\n" + kOwn +
            "Connection: keep-alive\r\nContent-Length: 10\r\n\r\nhelloworld");
  CHECK(old.connection.state == SessionState::kReading);
}

TEST_CASE("HttpSession cuts the connection when a stream misses its Content-Length", "[http]") {
  const HeaderField length[] = {{"Content-Length", "9"}};
  const ResponseHead head{.status = 200, .content_type = {}, .headers = length};
  Rig too_long([] { return Pieces({"hello", "world"}); }, head);
  CHECK(too_long.Ask().state == SessionState::kAborted);
  Rig too_short([] { return Pieces({"hello"}); }, head);
  CHECK(too_short.Ask().state == SessionState::kAborted);
  CHECK(too_short.server.counters.in_flight.value() == 0);
}

TEST_CASE("HttpSession cuts the connection when a source fails", "[http]") {
  Rig rig([] { return Pieces({"hello", "wor"}, BodySource::Status::kFailed); });
  CHECK(rig.Ask().state == SessionState::kAborted);
  CHECK(rig.connection.output.find("0\r\n\r\n") == std::string::npos);
  CHECK(rig.server.counters.in_flight.value() == 0);
}

TEST_CASE("Exchange does not ask a source where there is no body", "[http]") {
  int destroyed = 0;
  int asked = 0;
  const auto make = [&] {
    return std::make_unique<Source>(
        [&](OutputBuffer&) {
          ++asked;
          return BodySource::Status::kDone;
        },
        &destroyed);
  };
  Rig head(make);
  CHECK(head.Ask("HEAD", "1.1", kGet).output == kChunkedHead + TextAnswer("hello"));
  Rig no_content(make, {.status = 204, .content_type = {}, .headers = {}});
  CHECK(no_content.Ask().output == "HTTP/1.1 204 No Content\r\n" + kOwn + "\r\n");
  Rig not_modified(make, {.status = 304, .content_type = {}, .headers = {}});
  CHECK(not_modified.Ask().output == "HTTP/1.1 304 Not Modified\r\n" + kOwn + "\r\n");
  CHECK(asked == 0);
  CHECK(destroyed == 3);
}

TEST_CASE("HttpSession asks a source only as the client takes its bytes", "[http]") {
  TestServer server;
  int asked = 0;
  server.gateway.Add({Method::kGet}, "/endless", [&](Exchange& exchange) {
    exchange.Stream({}, std::make_unique<Source>([&](OutputBuffer& out) {
                      ++asked;
                      out.Append(std::string(10'000, 'e'));
                      return BodySource::Status::kMore;
                    }));
  });
  TestConnection connection(server);
  const std::string_view request = "GET /endless HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::span<char> space = connection.session->ReadSpace();
  std::memcpy(space.data(), request.data(), request.size());
  OutputBuffer out;
  CHECK(connection.session->Receive(request.size(), out) == SessionState::kBlocked);
  for (int round = 0; round < 100; ++round) {
    CHECK(out.size() < 200'000);
    out.Clear();
    CHECK(connection.session->Resume(out) == SessionState::kBlocked);
  }
  CHECK(asked > 100);
  // A client that takes nothing: nothing more is made.
  const int before = asked;
  while (out.size() < 64 * 1024) connection.session->Resume(out);
  CHECK(asked - before <= 8);
  const int full = asked;
  CHECK(connection.session->Resume(out) == SessionState::kBlocked);
  CHECK(asked == full);
}

TEST_CASE("HttpSession sends what a slow source made before it asks again", "[http]") {
  int asked = 0;
  Rig rig([&] {
    return std::make_unique<Source>([&](OutputBuffer& out) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      out.Append("slow");
      return ++asked == 5 ? BodySource::Status::kDone : BodySource::Status::kMore;
    });
  });
  rig.Ask();
  CHECK(rig.connection.blocked == 4);
}

TEST_CASE("HttpSession does not hang on a source that gives nothing", "[http]") {
  int asked = 0;
  Rig rig([&] {
    return std::make_unique<Source>([&](OutputBuffer&) {
      return ++asked == 1000 ? BodySource::Status::kDone : BodySource::Status::kMore;
    });
  });
  rig.Ask();
  CHECK(asked == 1000);
  CHECK(rig.connection.blocked >= 50);  // others had the loop meanwhile
  CHECK(rig.connection.output == kChunkedHead + "0\r\n\r\n");
}

TEST_CASE("HttpSession waits for a source that has nothing yet", "[http]") {
  bool ready = false;
  int asked = 0;
  Rig rig([&] {
    return std::make_unique<Source>([&](OutputBuffer& out) {
      ++asked;
      if (!ready) return BodySource::Status::kWait;
      ready = false;
      out.Append("tick");
      return asked > 5 ? BodySource::Status::kDone : BodySource::Status::kMore;
    });
  });
  CHECK(rig.Ask("GET", "1.1", kGet).state == SessionState::kAwaitingApp);
  CHECK(rig.connection.output == kChunkedHead);
  CHECK(rig.connection.progress == 0);
  for (int round = 1; rig.connection.state == SessionState::kAwaitingApp; ++round) {
    REQUIRE(round < 10);
    ready = true;
    rig.kept->ContinueStream();
    CHECK(rig.connection.progress == round);
    rig.connection.Resume();
  }
  CHECK(rig.connection.output ==
        kChunkedHead + "4\r\ntick\r\n4\r\ntick\r\n4\r\ntick\r\n0\r\n\r\n" + TextAnswer("hello"));
}

TEST_CASE("HttpSession goes on at once if a source could go on while it was asked", "[http]") {
  int asked = 0;
  Exchange* exchange = nullptr;
  TestServer server;
  server.gateway.Add({Method::kGet}, "/again", [&](Exchange& current) {
    exchange = &current;
    current.Stream({}, std::make_unique<Source>([&](OutputBuffer& out) {
                     if (++asked == 1) {
                       exchange->ContinueStream();
                       return BodySource::Status::kWait;
                     }
                     out.Append("x");
                     return BodySource::Status::kDone;
                   }));
  });
  TestConnection connection(server);
  connection.Send("GET /again HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(connection.state == SessionState::kReading);
  CHECK(connection.output == kChunkedHead + "1\r\nx\r\n0\r\n\r\n");
}

TEST_CASE("HttpSession streams an answer that is given later", "[http]") {
  TestServer server;
  Exchange* kept = nullptr;
  server.gateway.Add({Method::kGet}, "/later", [&](Exchange& exchange) { kept = &exchange; });
  TestConnection connection(server);
  connection.Send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  kept->Stream({}, Pieces({"a", "b"}));
  CHECK(connection.progress == 1);
  connection.Resume();
  CHECK(connection.output == kChunkedHead + "1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
  CHECK(connection.state == SessionState::kReading);
}

TEST_CASE("HttpSession destroys the source with the connection", "[http]") {
  int destroyed = 0;
  {
    Rig rig([&] {
      return std::make_unique<Source>([](OutputBuffer&) { return BodySource::Status::kWait; },
                                      &destroyed);
    });
    rig.Ask();
    CHECK(destroyed == 0);
    rig.connection.session.reset();
    CHECK(destroyed == 1);
    CHECK(rig.server.counters.in_flight.value() == 0);
    CHECK(rig.server.gateway.abandoned == 0);
  }
  CHECK(destroyed == 1);
}

TEST_CASE("HttpSession ends a stream after the client has finished sending", "[http]") {
  bool ready = false;
  Rig rig([&] {
    return std::make_unique<Source>([&](OutputBuffer& out) {
      if (!ready) return BodySource::Status::kWait;
      out.Append("end");
      return BodySource::Status::kDone;
    });
  });
  rig.Ask();
  CHECK(rig.connection.Eof().state == SessionState::kAwaitingApp);
  ready = true;
  rig.kept->ContinueStream();
  rig.connection.Resume();
  CHECK(rig.connection.output == kChunkedHead + "3\r\nend\r\n0\r\n\r\n");
  CHECK(rig.connection.state == SessionState::kClosing);
}

}  // namespace turbo::engine::test
