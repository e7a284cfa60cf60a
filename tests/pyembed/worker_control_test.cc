// ControlThread: drain, stop, and ending a process that does not end by itself. What ends the
// process runs in a child.
#include <Python.h>

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <thread>

#include "engine/base/unique_fd.h"
#include "engine/worker/worker_protocol.h"
#include "pyembed/control_thread.h"

namespace turbo::pyembed::testing {
namespace {

using engine::ControlType;
using engine::ExitCode;
using std::chrono::milliseconds;

constexpr milliseconds kSoon{20'000};  // far longer than anything here takes

class NullGateway final : public engine::AppGateway {
 public:
  [[nodiscard]] const engine::Router& router() const override { return router_; }
  void Handle(engine::Exchange& /*exchange*/) noexcept override {}

 private:
  engine::Router router_;
};

struct Control {
  Control() {
    std::array<int, 2> pair{};
    REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) == 0);
    supervisor.Reset(pair[0]);
    worker.Reset(pair[1]);
    terminate.Reset(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  }

  std::unique_ptr<ControlThread> Start(milliseconds graceful,
                                       milliseconds stuck = milliseconds{50}) {
    auto started = ControlThread::Start({.control_fd = worker.get(),
                                         .terminate_fd = terminate.get(),
                                         .graceful = graceful,
                                         .stuck = stuck});
    REQUIRE(started);
    return std::move(*started);
  }

  void Terminate() const {
    const std::uint64_t one = 1;
    REQUIRE(write(terminate.get(), &one, sizeof(one)) == sizeof(one));
  }

  engine::UniqueFd supervisor, worker, terminate;
};

// A loop without connections, running on a thread of its own.
class RunningLoop {
 public:
  explicit RunningLoop(ControlThread& control)
      : control_(control), loop_({}, gateway_, nullptr, counters_, shared_) {
    control_.AddLoop(loop_);
    thread_ = std::thread([this] { loop_.Run(); });
  }
  ~RunningLoop() {
    if (thread_.joinable()) Join();
  }
  RunningLoop(const RunningLoop&) = delete;
  RunningLoop& operator=(const RunningLoop&) = delete;

  void Join() {
    thread_.join();
    control_.RemoveLoop(loop_);
  }

 private:
  ControlThread& control_;
  NullGateway gateway_;
  engine::LoopCounters counters_;
  engine::ProcessShared shared_;
  engine::EventLoop loop_;
  std::thread thread_;
};

// The exit code of a child process that runs `body` and then sleeps; -1 if it did not end by
// itself.
int ExitCodeOf(const std::function<void()>& body) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    body();
    std::this_thread::sleep_for(kSoon);
    _exit(99);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_CASE("ControlThread drains the loops when told, upon SIGTERM and when the supervisor dies",
          "[worker]") {
  Control fds;
  const auto control = fds.Start(kSoon);
  control->Loaded();
  RunningLoop first(*control);
  RunningLoop second(*control);
  CHECK_FALSE(control->stopping());
  SECTION("message") { CHECK(engine::SendControl(fds.supervisor.get(), ControlType::kDrain)); }
  SECTION("stop") { CHECK(engine::SendControl(fds.supervisor.get(), ControlType::kStop)); }
  SECTION("signal") { fds.Terminate(); }
  SECTION("end of file") { fds.supervisor.Reset(); }
  SECTION("from within") { control->Drain(); }
  first.Join();  // hangs if the loop was not told
  second.Join();
  CHECK(control->stopping());
}

TEST_CASE("ControlThread tells loops that come after the stop has begun", "[worker]") {
  Control fds;
  const auto control = fds.Start(kSoon);
  control->Loaded();
  control->Drain();
  RunningLoop late(*control);
  late.Join();
}

TEST_CASE("ControlThread ends a process that does not stop in time", "[worker]") {
  CHECK(ExitCodeOf([] {
          Control fds;
          const auto control = fds.Start(milliseconds{50});
          control->Loaded();
          fds.Terminate();
          std::this_thread::sleep_for(kSoon);  // stuck
        }) == 1);
  CHECK(ExitCodeOf([] {
          Control fds;
          const auto control = fds.Start(kSoon);
          control->Loaded();
          fds.Terminate();
          while (!control->stopping()) std::this_thread::yield();
          fds.Terminate();  // the second one does not wait
          std::this_thread::sleep_for(kSoon);
        }) == 1);
  CHECK(ExitCodeOf([] {
          Control fds;
          const auto control = fds.Start(kSoon);
          control->Loaded();
          engine::SendControl(fds.supervisor.get(), ControlType::kStop);
          std::this_thread::sleep_for(kSoon);
        }) == 1);
}

TEST_CASE("ControlThread stops a worker that still loads, at once and with success", "[worker]") {
  CHECK(ExitCodeOf([] {
          Control fds;
          const auto control = fds.Start(kSoon);
          fds.Terminate();
          std::this_thread::sleep_for(kSoon);
        }) == 0);
}

TEST_CASE("ControlThread gives a failed start its exit code", "[worker]") {
  CHECK(ExitCodeOf([] {
          Control fds;
          const auto control = fds.Start(kSoon);
          control->ExitWithin(milliseconds{10}, ExitCode::kLoadFailed);
          std::this_thread::sleep_for(kSoon);
        }) == 3);
}

}  // namespace
}  // namespace turbo::pyembed::testing
