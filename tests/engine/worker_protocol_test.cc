#include "engine/worker/worker_protocol.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <utility>

#include "engine/base/unique_fd.h"
#include "engine/worker/shared_counters.h"

namespace turbo::engine {
namespace {

struct Pair {
  UniqueFd a;
  UniqueFd b;
};

Pair MakePair() {
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) == 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

TEST_CASE("Control messages arrive one by one with type and text", "[worker]") {
  const Pair pair = MakePair();
  bool closed = true;
  CHECK_FALSE(ReceiveControl(pair.b.get(), closed));
  CHECK_FALSE(closed);
  const std::string text("a\nb\0c", 5);
  REQUIRE(SendControl(pair.a.get(), ControlType::kReady, text));
  REQUIRE(SendControl(pair.a.get(), ControlType::kDrain));
  auto message = ReceiveControl(pair.b.get(), closed);
  REQUIRE(message);
  CHECK(message->type == ControlType::kReady);
  CHECK(message->text == text);
  message = ReceiveControl(pair.b.get(), closed);
  REQUIRE(message);
  CHECK(message->type == ControlType::kDrain);
  CHECK(message->text.empty());
  CHECK_FALSE(ReceiveControl(pair.b.get(), closed));
  CHECK_FALSE(closed);
}

TEST_CASE("Control messages that were sent before the end are delivered before it", "[worker]") {
  Pair pair = MakePair();
  REQUIRE(SendControl(pair.b.get(), ControlType::kDrain));  // never read: leaves ECONNRESET
  REQUIRE(SendControl(pair.a.get(), ControlType::kLoadFailed, "no module"));
  pair.a.Reset();
  bool closed = false;
  const auto message = ReceiveControl(pair.b.get(), closed);
  REQUIRE(message);
  CHECK(message->text == "no module");
  CHECK_FALSE(ReceiveControl(pair.b.get(), closed));
  CHECK(closed);
  CHECK_FALSE(SendControl(pair.b.get(), ControlType::kStop));  // and no SIGPIPE
}

TEST_CASE("Control messages that are too long are cut at a character", "[worker]") {
  const Pair pair = MakePair();
  std::string text(kMaxControlText - 2, 'x');
  text += "€€";  // three bytes each: the first one does not fit
  REQUIRE(SendControl(pair.a.get(), ControlType::kNotice, text));
  bool closed = false;
  const auto message = ReceiveControl(pair.b.get(), closed);
  REQUIRE(message);
  CHECK(message->text == std::string(kMaxControlText - 2, 'x'));
}

TEST_CASE("Control messages of an unknown type are skipped", "[worker]") {
  const Pair pair = MakePair();
  for (const char type : {'\0', '\x7f', '\xff'}) REQUIRE(::send(pair.a.get(), &type, 1, 0) == 1);
  REQUIRE(SendControl(pair.a.get(), ControlType::kStop));
  bool closed = false;
  const auto message = ReceiveControl(pair.b.get(), closed);
  REQUIRE(message);
  CHECK(message->type == ControlType::kStop);
}

TEST_CASE("SendControl does not wait for a peer that does not read", "[worker]") {
  const Pair pair = MakePair();
  const std::string text(kMaxControlText, 'x');
  int sent = 0;
  while (SendControl(pair.a.get(), ControlType::kNotice, text)) REQUIRE(++sent < 10'000);
  CHECK(sent > 0);
}

TEST_CASE("SharedCounters are seen by the other process", "[worker]") {
  Result<SharedCounters> ours = SharedCounters::Create(3);
  REQUIRE(ours);
  REQUIRE(ours->loops().size() == 3);
  CHECK(ours->loops()[2].requests.value() == 0);
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    const Result<SharedCounters> theirs = SharedCounters::Map(UniqueFd(::dup(ours->fd())), 3);
    if (!theirs) ::_exit(1);
    theirs->loops()[2].requests.Add(42);
    theirs->loops()[0].bytes_out.Add(7);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  REQUIRE(status == 0);
  CHECK(ours->loops()[2].requests.value() == 42);
  CHECK(ours->loops()[1].requests.value() == 0);
  CHECK(ours->loops()[0].bytes_out.value() == 7);
}

TEST_CASE("SharedCounters cannot be cut under a reader and must be large enough", "[worker]") {
  Result<SharedCounters> counters = SharedCounters::Create(2);
  REQUIRE(counters);
  CHECK(::ftruncate(counters->fd(), 0) != 0);
  CHECK_FALSE(SharedCounters::Map(UniqueFd(::dup(counters->fd())), 3));
  CHECK_FALSE(SharedCounters::Map(UniqueFd(::dup(counters->fd())), 0));
  CHECK_FALSE(SharedCounters::Map(UniqueFd(), 1));
  SharedCounters moved = std::move(*counters);
  moved.loops()[1].requests.Add(1);
  *counters = std::move(moved);
  CHECK(counters->loops()[1].requests.value() == 1);
}

}  // namespace
}  // namespace turbo::engine
