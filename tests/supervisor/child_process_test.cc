#include "supervisor/child_process.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <csignal>
#include <string>

#include "engine/base/unique_fd.h"
#include "supervisor/descriptors.h"
#include "supervisor/exit_status.h"
#include "supervisor/wording.h"
#include "tests/supervisor/supervisor_fixture.h"

namespace turbo::supervisor {
namespace {

using engine::ExitCode;
using engine::Result;
using engine::UniqueFd;

ChildSpec Shell(const std::string& script) {
  ChildSpec spec;
  spec.program = "/bin/sh";
  spec.arguments = {"sh", "-c", script};
  sigemptyset(&spec.signal_mask);
  return spec;
}

int StatusOf(const ChildSpec& spec) {
  const Result<pid_t> pid = StartChild(spec);
  if (!pid) FAIL(pid.error().message);
  int status = 0;
  REQUIRE(::waitpid(*pid, &status, 0) == *pid);
  return status;
}

TEST_CASE("StartChild puts descriptors in their places, whatever their numbers", "[child]") {
  const TempDir dir;
  // Sources that stand where targets will be, in the wrong order.
  std::array<UniqueFd, 3> files;
  for (std::size_t i = 0; i < files.size(); ++i) {
    files[i].Reset(::open(dir.Path(std::to_string(i)).c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
    REQUIRE(files[i]);
  }
  ChildSpec spec = Shell("echo c >&3; echo b >&4; echo a >&5; echo again >&6");
  spec.inherited = {files[2].get(), files[1].get(), files[0].get(), files[2].get()};
  CHECK(StatusOf(spec) == 0);
  CHECK(ReadFile(dir.Path("0")) == "a\n");
  CHECK(ReadFile(dir.Path("1")) == "b\n");
  CHECK(ReadFile(dir.Path("2")) == "c\nagain\n");
}

TEST_CASE("StartChild passes arguments and environment, and no more", "[child]") {
  ChildSpec spec = Shell(R"(test "$0" = zero && test "$A" = 'x y' && test -z "$HOME")");
  spec.arguments.emplace_back("zero");
  spec.environment = {"A=x y"};
  CHECK(StatusOf(spec) == 0);
}

TEST_CASE("StartChild reports why a program cannot be executed, and leaves no zombie", "[child]") {
  const TempDir dir;
  ChildSpec spec = Shell("");
  spec.program = dir.Path("absent");
  const Result<pid_t> absent = StartChild(spec);
  REQUIRE_FALSE(absent);
  CHECK(absent.error().exit_code == ExitCode::kFailure);
  CHECK(absent.error().message == "the worker program " + dir.Path("absent") +
                                      " cannot be started: No such file or directory; build or "
                                      "install turbo again");
  spec.program = dir.path();
  const Result<pid_t> folder = StartChild(spec);
  REQUIRE_FALSE(folder);
  CHECK(folder.error().message.find("Permission denied") != std::string::npos);
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);  // ECHILD: no child is left
}

TEST_CASE("Exit statuses are described and classified", "[child]") {
  const int code_one = StatusOf(Shell("exit 1"));
  CHECK(DescribeExit(code_one) == "exited with code 1");
  CHECK(ClassifyExit(code_one) == SlotEvent::kCrashed);
  CHECK(ExitCodeAfter(code_one) == ExitCode::kLoadFailed);
  CHECK_FALSE(ExitedWithZero(code_one));
  const int zero = StatusOf(Shell("exit 0"));
  CHECK(ClassifyExit(zero) == SlotEvent::kCrashed);  // nobody told it to
  CHECK(ExitedWithZero(zero));
  const int killed = StatusOf(Shell("kill -KILL $$"));
  CHECK(DescribeExit(killed) == "was killed by signal 9 (SIGKILL)");
  CHECK(ClassifyExit(killed) == SlotEvent::kKilled);
  const int terminated = StatusOf(Shell("kill -TERM $$"));
  CHECK(DescribeExit(terminated) == "was killed by signal 15 (SIGTERM)");
  CHECK(ClassifyExit(terminated) == SlotEvent::kCrashed);
  for (const int code : {2, 3, 4}) {
    const int status = StatusOf(Shell("exit " + std::to_string(code)));
    CHECK(ClassifyExit(status) == SlotEvent::kRefused);
    CHECK(static_cast<int>(ExitCodeAfter(status)) == code);
  }
}

TEST_CASE("Wording is plain", "[child]") {
  using std::chrono::milliseconds;
  CHECK(Seconds(milliseconds(250)) == "250 ms");
  CHECK(Seconds(milliseconds(1500)) == "1.5 s");
  CHECK(Seconds(milliseconds(30'000)) == "30 s");
  CHECK(Count(0, "request") == "0 requests");
  CHECK(Count(1, "request") == "1 request");
  CHECK(SignalName(SIGHUP) == "SIGHUP");
  CHECK(SignalName(200) == "signal 200");
}

TEST_CASE("CheckDescriptorLimit counts what the slots need", "[child]") {
  CHECK(CheckDescriptorLimit(1024, 2, 1));
  CHECK(CheckDescriptorLimit(1024, 1, 64));
  const Result<void> refused = CheckDescriptorLimit(1024, 300, 8);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().exit_code == ExitCode::kResourceRefused);
  CHECK(refused.error().message.find("300 x 8 loops need") != std::string::npos);
  CHECK(refused.error().message.find("the limit is 1024") != std::string::npos);
}

TEST_CASE("FillStandardDescriptors leaves no gap below 3", "[child]") {
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    ::close(STDIN_FILENO);
    ::close(STDERR_FILENO);
    FillStandardDescriptors();
    const UniqueFd next(::eventfd(0, EFD_CLOEXEC));
    const bool kept = ::fcntl(STDIN_FILENO, F_GETFD) == 0 && ::fcntl(STDERR_FILENO, F_GETFD) == 0;
    ::_exit(kept && next.get() > STDERR_FILENO ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  CHECK(status == 0);
}

}  // namespace
}  // namespace turbo::supervisor
