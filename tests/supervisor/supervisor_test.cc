// The supervisor in a process of its own, with fake workers: starts, readiness, stops, deaths.
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <csignal>
#include <set>
#include <string>
#include <thread>

#include "tests/supervisor/supervisor_fixture.h"

namespace turbo::supervisor {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

pid_t WorkerPid(const std::string& answer) {
  return std::stoi(answer.substr(answer.find(' ') + 1));
}

TEST_CASE("Supervisor serves, and stops with 0 on a signal", "[supervisor]") {
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    RunningSupervisor supervisor(PlanFor(2, "serve"));
    REQUIRE(supervisor.WaitReady());
    const std::uint16_t port = supervisor.port();
    std::set<std::string> workers;
    int asked = 0;
    REQUIRE(Eventually([&] {
      ++asked;
      const std::string answer = Get(port);
      REQUIRE_FALSE(Contains(answer, "error"));
      workers.insert(answer);
      return workers.size() == 2;
    }));
    supervisor.Signal(number);
    CHECK(supervisor.Wait() == 0);
    INFO(supervisor.output());
    CHECK(Contains(supervisor.output(), "READY FakePython 1.0\n"));
    CHECK(CountOf(supervisor.output(), "READY") == 1);
    CHECK(CountOf(supervisor.output(), "NOTICE a note") == 1);
    CHECK(Contains(supervisor.output(), "stopped; " + std::to_string(asked) + " request"));
    CHECK(Contains(Get(port), "error"));
  }
}

TEST_CASE("Supervisor leaves a SIGHUP that was ignored alone", "[supervisor]") {
  RunningSupervisor supervisor(PlanFor(1, "serve"), [] { ::signal(SIGHUP, SIG_IGN); });
  REQUIRE(supervisor.WaitReady());
  supervisor.Signal(SIGHUP);
  std::this_thread::sleep_for(milliseconds(100));
  CHECK_FALSE(Contains(Get(supervisor.port()), "error"));
  supervisor.Signal(SIGTERM);
  CHECK(supervisor.Wait() == 0);
  CHECK_FALSE(Contains(supervisor.output(), "SIGHUP"));
}

TEST_CASE("Supervisor stops gracefully when Ctrl-C reaches the whole group", "[supervisor]") {
  RunningSupervisor supervisor(PlanFor(2, "serve"));
  REQUIRE(supervisor.WaitReady());
  const engine::UniqueFd held = SendGet(supervisor.port(), "/hold/200");
  std::this_thread::sleep_for(milliseconds(50));
  REQUIRE(::kill(-supervisor.pid(), SIGINT) == 0);
  CHECK_FALSE(Contains(ReadAnswer(held), "error"));
  CHECK(supervisor.Wait() == 0);
  CHECK_FALSE(Contains(supervisor.output(), "replaced"));
}

TEST_CASE("Supervisor is ready only when every worker is", "[supervisor]") {
  const auto start = steady_clock::now();
  RunningSupervisor supervisor(PlanFor(2, "slow-load=400"));
  REQUIRE(supervisor.WaitReady());
  CHECK(steady_clock::now() - start >= milliseconds(400));
}

TEST_CASE("Supervisor stops with 3 if the application does not load", "[supervisor]") {
  const TempDir dir;
  const std::string log = "log=" + dir.Path("log");
  for (const std::string orders : {"load-failed", "exit=3", "load-failed=1"}) {
    RunningSupervisor supervisor(PlanFor(2, orders + "," + log));
    CHECK(supervisor.Wait() == 3);
    INFO(supervisor.output());
    CHECK_FALSE(Contains(supervisor.output(), "READY"));
    if (orders != "exit=3") {
      CHECK(Contains(supervisor.output(),
                     "could not load the application: there is no module named x"));
    }
    CHECK(CountOf(ReadFile(dir.Path("log")), "start") == 2);  // each once: no loop
    ::unlink(dir.Path("log").c_str());
  }
}

TEST_CASE("Supervisor hands on a worker's refusal of resources", "[supervisor]") {
  RunningSupervisor supervisor(PlanFor(1, "exit=4"));
  CHECK(supervisor.Wait() == 4);
}

TEST_CASE("Supervisor gives up on workers that crash before they are ready", "[supervisor]") {
  const TempDir dir;
  RunningSupervisor supervisor(PlanFor(1, "segfault,log=" + dir.Path("log")));
  CHECK(supervisor.Wait() == 3);
  INFO(supervisor.output());
  CHECK(Contains(supervisor.output(), "was killed by signal 11 (SIGSEGV)"));
  CHECK(Contains(supervisor.output(), "before it was ready: giving up"));
  CHECK(CountOf(ReadFile(dir.Path("log")), "start") == 4);
}

TEST_CASE("Supervisor reports a worker program that cannot be executed", "[supervisor]") {
  RunPlan plan = PlanFor(2, "serve");
  plan.worker_program = "/nonexistent/turbo-worker";
  RunningSupervisor supervisor(plan);
  CHECK(supervisor.Wait() == 99);
  CHECK(Contains(
      supervisor.output(),
      "ERROR 1 the worker program /nonexistent/turbo-worker cannot be started: No such file"));
}

TEST_CASE("Supervisor reports an address in use, and too few descriptors", "[supervisor]") {
  RunningSupervisor first(PlanFor(1, "serve"));
  RunPlan plan = PlanFor(1, "serve");
  plan.address.port = first.port();
  RunningSupervisor second(plan);
  CHECK(second.Wait() == 99);
  INFO(second.output());
  CHECK(Contains(second.output(), "ERROR 4 127.0.0.1:" + std::to_string(first.port()) +
                                      " is already in use by turbo_superviso"));
  CHECK(Contains(second.output(), "(pid " + std::to_string(first.pid()) + ")"));

  RunPlan big = PlanFor(1'000'000, "serve");
  big.loops_per_process = 1'000;
  RunningSupervisor third(big);
  CHECK(third.Wait() == 99);
  CHECK(Contains(third.output(), "ERROR 4 not enough descriptors: 1000000 x 1000 loops need"));
}

TEST_CASE("Supervisor gives a worker what is its own and nothing else", "[supervisor]") {
  const TempDir dir;
  RunPlan plan = PlanFor(1, "report=" + dir.Path("report"));
  plan.loops_per_process = 2;
  RunningSupervisor supervisor(plan, [] {
    if (::dup2(STDERR_FILENO, 77) != 77) ::_exit(102);  // left open by whoever started turbo
    ::signal(SIGCHLD, SIG_IGN);
    sigset_t usr1;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    ::sigprocmask(SIG_BLOCK, &usr1, nullptr);
  });
  REQUIRE(supervisor.WaitReady());
  const std::string report = ReadFile(dir.Path("report"));
  INFO(report);
  // 3 config, 4 control, 5 counters, 6 and 7 the listening sockets; 8 is the report itself.
  const std::string expected = "fd 0\nfd 1\nfd 2\nfd 3\nfd 4\nfd 5\nfd 6\nfd 7\nfd 8\nblocked " +
                               std::to_string(SIGUSR1) +
                               "\nsigchld default\nnofile raised\nvariable given\npath unset\n";
  CHECK(report == expected);
  supervisor.Signal(SIGTERM);
  CHECK(supervisor.Wait() == 0);
}

TEST_CASE("Supervisor replaces a worker that was killed at once", "[supervisor]") {
  RunningSupervisor supervisor(PlanFor(1, "serve"));
  REQUIRE(supervisor.WaitReady());
  const std::uint16_t port = supervisor.port();
  const pid_t old_pid = WorkerPid(Get(port));
  std::this_thread::sleep_for(milliseconds(150));
  REQUIRE(::kill(old_pid, SIGKILL) == 0);
  // Queued at the socket, which nobody serves for the moment.
  const pid_t new_pid = WorkerPid(Get(port));
  CHECK(new_pid != old_pid);
  CHECK(supervisor.WaitFor("worker 0 (pid " + std::to_string(old_pid) +
                           ") was killed by signal 9 (SIGKILL); replaced by pid " +
                           std::to_string(new_pid)));
  supervisor.Signal(SIGTERM);
  CHECK(supervisor.Wait() == 0);
  CHECK(Contains(supervisor.output(), "stopped; 2 requests served"));  // those of the dead included
}

TEST_CASE("Supervisor loses no queued connection while workers are killed every 200 ms",
          "[supervisor]") {
  RunningSupervisor supervisor(PlanFor(2, "serve"));
  REQUIRE(supervisor.WaitReady());
  const std::uint16_t port = supervisor.port();
  const auto end = steady_clock::now() + seconds(4);
  auto next_kill = steady_clock::now() + milliseconds(200);
  std::size_t answered = 0;
  std::size_t kills = 0;
  while (steady_clock::now() < end) {
    // A kill between two requests: the next ones find one worker gone, and no error may come of
    // that.
    if (steady_clock::now() >= next_kill) {
      const std::vector<pid_t> children = supervisor.Children();
      if (!children.empty()) ::kill(children[kills++ % children.size()], SIGKILL);
      next_kill += milliseconds(200);
    }
    const std::string answer = Get(port);
    if (Contains(answer, "error")) FAIL(answer);
    ++answered;
  }
  CHECK(kills >= 15);
  CHECK(answered > 100);
  supervisor.Signal(SIGTERM);
  CHECK(supervisor.Wait() == 0);
  CHECK_FALSE(Contains(supervisor.output(), "the next one starts in"));
}

TEST_CASE("Supervisor backs off from workers that die young", "[supervisor]") {
  const TempDir dir;
  RunningSupervisor supervisor(PlanFor(1, "crash-after=0,log=" + dir.Path("log")));
  REQUIRE(supervisor.WaitFor("the next one starts in 400 ms"));
  // One, three free ones, and after 100 and 200 ms.
  CHECK(CountOf(ReadFile(dir.Path("log")), "start") == 6);
  CHECK(Contains(supervisor.output(), "exited with code 1; the next one starts in 100 ms"));
  supervisor.Signal(SIGTERM);  // while there is no worker
  CHECK(supervisor.Wait() == 0);
}

TEST_CASE("Supervisor keeps the other workers when a successor does not load", "[supervisor]") {
  const TempDir dir;
  RunningSupervisor supervisor(PlanFor(2, "fail-again=0,dir=" + dir.path()));
  REQUIRE(supervisor.WaitReady());
  const std::uint16_t port = supervisor.port();
  std::string answer;
  REQUIRE(Eventually([&] { return (answer = Get(port)).starts_with("0 "); }));
  std::this_thread::sleep_for(milliseconds(150));
  ::kill(WorkerPid(answer), SIGKILL);
  REQUIRE(supervisor.WaitFor(
      "could not load the application: there is no module named x; the next one"));
  // Half of the connections are queued for slot 0; those of slot 1 are served.
  REQUIRE(Eventually([&] {
    const engine::UniqueFd connection = SendGet(port, "/");
    std::this_thread::sleep_for(milliseconds(20));
    char byte = 0;
    return ::recv(connection.get(), &byte, 1, MSG_DONTWAIT) == 1;
  }));
  ::unlink(dir.Path("0").c_str());  // mended
  REQUIRE(supervisor.WaitFor("\"worker 0 (pid "));
  REQUIRE(Eventually([&] { return Get(port).starts_with("0 "); }));
  supervisor.Signal(SIGTERM);
  CHECK(supervisor.Wait() == 0);
}

TEST_CASE("Supervisor stops with 3 when no worker loads any more", "[supervisor]") {
  const TempDir dir;
  RunningSupervisor supervisor(PlanFor(1, "fail-all-again,dir=" + dir.path()));
  REQUIRE(supervisor.WaitReady());
  std::this_thread::sleep_for(milliseconds(150));
  ::kill(WorkerPid(Get(supervisor.port())), SIGKILL);
  CHECK(supervisor.Wait() == 3);
  CHECK(Contains(supervisor.output(), "no worker is left that serves"));
}

TEST_CASE("Supervisor replaces a worker that was told to go, or that lost its control socket",
          "[supervisor]") {
  RunningSupervisor supervisor(PlanFor(1, "serve"));
  REQUIRE(supervisor.WaitReady());
  const pid_t old_pid = WorkerPid(Get(supervisor.port()));
  REQUIRE(::kill(old_pid, SIGTERM) == 0);
  CHECK(supervisor.WaitFor("(pid " + std::to_string(old_pid) +
                           ") exited with code 0; replaced by pid"));

  RunningSupervisor lost(PlanFor(1, "close-control"));
  REQUIRE(lost.WaitReady());
  CHECK(lost.WaitFor("did not go: killing it"));
  CHECK(lost.WaitFor("; replaced by pid"));
  CHECK(Get(lost.port()).starts_with("0 "));
  lost.Signal(SIGTERM);  // told by SIGTERM in place of the control socket
  CHECK(lost.Wait() == 0);
}

TEST_CASE("Supervisor lets requests in flight finish", "[supervisor]") {
  RunningSupervisor supervisor(PlanFor(2, "serve"));
  REQUIRE(supervisor.WaitReady());
  const engine::UniqueFd held = SendGet(supervisor.port(), "/hold/300");
  std::this_thread::sleep_for(milliseconds(100));
  supervisor.Signal(SIGTERM);
  CHECK(supervisor.WaitFor("SIGTERM: stopping; 1 request in flight may take up to 30 s"));
  CHECK_FALSE(Contains(ReadAnswer(held), "error"));
  CHECK(supervisor.Wait() == 0);
  CHECK(Contains(supervisor.output(), "stopped; 1 request served\""));
}

TEST_CASE("Supervisor cuts what is not finished in time, and exits with 0", "[supervisor]") {
  RunPlan plan = PlanFor(1, "serve");
  plan.graceful_timeout = milliseconds(300);
  RunningSupervisor supervisor(plan);
  REQUIRE(supervisor.WaitReady());
  const engine::UniqueFd held = SendGet(supervisor.port(), "/hold/60000");
  std::this_thread::sleep_for(milliseconds(100));
  const auto start = steady_clock::now();
  supervisor.Signal(SIGTERM);
  CHECK(supervisor.Wait() == 0);
  CHECK(steady_clock::now() - start >= milliseconds(300));
  CHECK(steady_clock::now() - start < milliseconds(1300));  // by kStop, not by SIGKILL
  INFO(supervisor.output());
  CHECK(Contains(supervisor.output(),
                 "did not finish in time: cutting 1 connection with 1 request in flight"));
  CHECK(Contains(supervisor.output(), "stopped; 0 requests served, 1 connection cut"));
}

TEST_CASE("Supervisor kills a worker that does not stop", "[supervisor]") {
  RunPlan plan = PlanFor(1, "ignore-drain,ignore-stop");
  plan.graceful_timeout = milliseconds(200);
  RunningSupervisor supervisor(plan);
  REQUIRE(supervisor.WaitReady());
  const auto start = steady_clock::now();
  supervisor.Signal(SIGTERM);
  CHECK(supervisor.Wait() == 0);
  CHECK(steady_clock::now() - start >= milliseconds(1200));
  CHECK(Contains(supervisor.output(), "did not go: killing it"));
}

TEST_CASE("Supervisor cuts at once on a second signal, and kills on a third", "[supervisor]") {
  const auto start = steady_clock::now();
  RunningSupervisor supervisor(PlanFor(1, "ignore-drain"));
  REQUIRE(supervisor.WaitReady());
  supervisor.Signal(SIGINT);
  REQUIRE(supervisor.WaitFor("SIGINT: stopping"));
  supervisor.Signal(SIGINT);
  CHECK(supervisor.Wait() == 0);
  CHECK(Contains(supervisor.output(), "SIGINT while stopping: cutting"));

  RunningSupervisor stubborn(PlanFor(1, "ignore-drain,ignore-stop"));
  REQUIRE(stubborn.WaitReady());
  for (const char* said :
       {"SIGTERM: stopping", "SIGTERM while stopping", "did not go: killing it"}) {
    stubborn.Signal(SIGTERM);
    REQUIRE(stubborn.WaitFor(said));
  }
  CHECK(stubborn.Wait() == 0);
  CHECK(steady_clock::now() - start < seconds(5));
}

TEST_CASE("Supervisor can be stopped while a worker is loading", "[supervisor]") {
  RunPlan plan = PlanFor(1, "load-for-ever");
  plan.graceful_timeout = milliseconds(300);
  RunningSupervisor supervisor(plan);
  REQUIRE(supervisor.WaitFor("LISTENING"));
  supervisor.Signal(SIGTERM);
  CHECK(supervisor.Wait() == 0);
}

TEST_CASE("Supervisor warns of a worker that fails while it drains", "[supervisor]") {
  RunningSupervisor supervisor(PlanFor(1, "exit-at-end=7"));
  REQUIRE(supervisor.WaitReady());
  supervisor.Signal(SIGTERM);
  CHECK(supervisor.Wait() == 0);
  CHECK(Contains(supervisor.output(), "exited with code 7 while it was draining"));
}

TEST_CASE("Workers stop when the supervisor is killed", "[supervisor]") {
  const TempDir dir;
  RunningSupervisor supervisor(PlanFor(2, "log=" + dir.Path("log")));
  REQUIRE(supervisor.WaitReady());
  const std::vector<pid_t> workers = supervisor.Children();
  REQUIRE(workers.size() == 2);
  supervisor.Signal(SIGKILL);
  CHECK(supervisor.Wait() == 1000 + SIGKILL);
  CHECK(Eventually([&] {
    const std::string log = ReadFile(dir.Path("log"));
    return CountOf(log, "eof") == 2 && CountOf(log, "end") == 2;
  }));
}

TEST_CASE("Supervisor reaps children that it does not know", "[supervisor]") {
  // As PID 1 does, a subreaper inherits orphans.
  RunningSupervisor supervisor(PlanFor(1, "orphan"), [] { ::prctl(PR_SET_CHILD_SUBREAPER, 1); });
  REQUIRE(supervisor.WaitReady());
  REQUIRE(supervisor.WaitFor("reaped an orphan"));
  CHECK_FALSE(supervisor.HasZombie());
  supervisor.Signal(SIGTERM);
  CHECK(supervisor.Wait() == 0);
}

TEST_CASE("Supervisor works as PID 1", "[supervisor]") {
  RunningSupervisor outside(PlanFor(2, "orphan"), [] {
    const int spaces = ::getuid() == 0 ? CLONE_NEWPID : CLONE_NEWUSER | CLONE_NEWPID;
    if (::unshare(spaces) != 0) ::_exit(98);
    const pid_t pid = ::fork();
    if (pid == 0) {
      if (::getpid() != 1) ::_exit(97);
      return;  // goes on as PID 1 of its namespace
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 96);
  });
  if (!outside.WaitReady()) {
    REQUIRE(outside.Wait() == 98);
    SKIP("no PID namespace can be made here");
  }
  CHECK(outside.WaitFor("reaped an orphan"));
  const std::vector<pid_t> init = outside.Children();
  REQUIRE(init.size() == 1);
  CHECK_FALSE(Contains(Get(outside.port()), "error"));
  REQUIRE(::kill(init[0], SIGTERM) == 0);
  CHECK(outside.Wait() == 0);
  CHECK(Contains(outside.output(), "stopped; 1 request served"));
}

TEST_CASE("Supervisor serves on a Unix-domain socket that all workers share", "[supervisor]") {
  const TempDir dir;
  RunPlan plan = PlanFor(2, "serve");
  plan.loops_per_process = 2;
  plan.address.uds = dir.Path("sock");
  RunningSupervisor supervisor(plan);
  REQUIRE(supervisor.WaitReady());
  CHECK(Contains(supervisor.output(), "LISTENING unix:" + dir.Path("sock")));
  CHECK(::access(plan.address.uds.c_str(), F_OK) == 0);
  supervisor.Signal(SIGTERM);
  CHECK(supervisor.Wait() == 0);
  CHECK(::access(plan.address.uds.c_str(), F_OK) != 0);
}

}  // namespace
}  // namespace turbo::supervisor
