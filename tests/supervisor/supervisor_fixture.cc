#include "tests/supervisor/supervisor_fixture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "engine/base/log.h"
#include "supervisor/supervisor.h"

namespace turbo::supervisor {

using engine::UniqueFd;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr milliseconds kPatience{10'000};

void Say(const std::string& text) {
  const std::string line = text + "\n";
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) ::_exit(101);
}

// The fields of /proc/<pid>/stat after the name, which may hold spaces: state, parent.
struct Stat {
  char state = '?';
  pid_t parent = -1;
};

Stat StatOf(pid_t pid) {
  const std::string text = ReadFile("/proc/" + std::to_string(pid) + "/stat");
  Stat stat;
  const std::size_t end = text.rfind(')');
  if (end != std::string::npos)
    std::istringstream(text.substr(end + 1)) >> stat.state >> stat.parent;
  return stat;
}

template <typename Visit>
void ForEachProcess(Visit&& visit) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid > 0) visit(pid);
  }
}

}  // namespace

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "turbo-test-XXXXXX").string();
  REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string ReadFile(const std::string& path) {
  std::ifstream stream(path);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::size_t CountOf(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

bool Eventually(const std::function<bool()>& condition) {
  const auto end = steady_clock::now() + kPatience;
  while (!condition()) {
    if (steady_clock::now() > end) return false;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return true;
}

UniqueFd SendGet(std::uint16_t port, const std::string& path) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval patience{10, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n";
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) {
    return {};
  }
  return fd;
}

std::string ReadAnswer(const UniqueFd& connection) {
  if (!connection) return "error: refused";
  std::string answer;
  std::array<char, 1024> buffer;
  while (true) {
    const ssize_t got = ::recv(connection.get(), buffer.data(), buffer.size(), 0);
    if (got < 0) return std::string("error: ") + std::strerror(errno);
    if (got == 0) break;
    answer.append(buffer.data(), static_cast<std::size_t>(got));
  }
  const std::size_t body = answer.find("\r\n\r\n");
  return body == std::string::npos ? "error: no answer" : answer.substr(body + 4);
}

std::string Get(std::uint16_t port, const std::string& path) {
  return ReadAnswer(SendGet(port, path));
}

RunPlan PlanFor(std::uint32_t processes, const std::string& orders) {
  RunPlan plan;
  plan.address.port = 0;
  plan.processes = processes;
  plan.worker_program = TURBO_FAKE_WORKER;
  plan.worker.target = orders;
  plan.environment = {"FAKE_VARIABLE=given"};
  // Sanitizers take their options from the environment.
  for (const char* name : {"ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"}) {
    if (const char* const value = std::getenv(name)) {
      plan.environment.push_back(std::string(name) + "=" + value);
    }
  }
  return plan;
}

RunningSupervisor::RunningSupervisor(const RunPlan& plan, const std::function<void()>& prepare) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  reader_.Reset(ends[0]);
  UniqueFd writer(ends[1]);
  pid_ = ::fork();
  REQUIRE(pid_ >= 0);
  if (pid_ != 0) return;

  ::setpgid(0, 0);
  ::dup2(writer.get(), STDERR_FILENO);
  writer.Reset();
  reader_.Reset();
  if (prepare) prepare();
  engine::LogOptions log;
  log.level = "debug";
  log.format = "json";
  if (!engine::SetUpLogging(log)) ::_exit(100);
  SupervisorEvents events;
  events.on_listening = [](const std::string& url) { Say("LISTENING " + url); };
  events.on_ready = [](const std::string& line) { Say("READY " + line); };
  events.on_notice = [](const std::string& line) { Say("NOTICE " + line); };
  const engine::Result<engine::ExitCode> result = RunSupervisor(plan, events);
  if (result) ::_exit(static_cast<int>(*result));
  Say("ERROR " + std::to_string(static_cast<int>(result.error().exit_code)) + " " +
      result.error().message);
  ::_exit(99);
}

RunningSupervisor::~RunningSupervisor() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

bool RunningSupervisor::ReadSome(milliseconds patience) {
  pollfd entry{reader_.get(), POLLIN, 0};
  if (::poll(&entry, 1, static_cast<int>(patience.count())) <= 0) return false;
  std::array<char, 4096> buffer;
  const ssize_t got = ::read(reader_.get(), buffer.data(), buffer.size());
  if (got <= 0) return false;
  output_.append(buffer.data(), static_cast<std::size_t>(got));
  return true;
}

bool RunningSupervisor::WaitFor(const std::string& part) {
  const auto end = steady_clock::now() + kPatience;
  while (output_.find(part) == std::string::npos) {
    const auto left = std::chrono::ceil<milliseconds>(end - steady_clock::now());
    if (left <= milliseconds::zero() || !ReadSome(left)) return false;
  }
  return true;
}

std::uint16_t RunningSupervisor::port() {
  REQUIRE(WaitFor("LISTENING http://127.0.0.1:"));
  const std::size_t at = output_.find("127.0.0.1:") + 10;
  while (output_.find('\n', at) == std::string::npos) REQUIRE(ReadSome(kPatience));
  return static_cast<std::uint16_t>(std::stoi(output_.substr(at)));
}

void RunningSupervisor::Signal(int number) const { REQUIRE(::kill(pid_, number) == 0); }

int RunningSupervisor::Wait() {
  int status = 0;
  const auto end = steady_clock::now() + kPatience;
  pid_t done = 0;
  while ((done = ::waitpid(pid_, &status, WNOHANG)) == 0) {
    ReadSome(milliseconds(5));  // a full pipe would stop it
    if (steady_clock::now() > end) FAIL("the supervisor does not end; it said:\n" << output_);
  }
  REQUIRE(done == pid_);
  pid_ = -1;
  while (ReadSome(milliseconds::zero())) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

std::vector<pid_t> RunningSupervisor::Children() const {
  std::vector<pid_t> children;
  ForEachProcess([&](pid_t pid) {
    if (const Stat stat = StatOf(pid); stat.parent == pid_ && stat.state != 'Z') {
      children.push_back(pid);
    }
  });
  return children;
}

bool RunningSupervisor::HasZombie() const {
  bool found = false;
  ForEachProcess([&](pid_t pid) {
    const Stat stat = StatOf(pid);
    if (stat.parent == pid_ && stat.state == 'Z') found = true;
  });
  return found;
}

}  // namespace turbo::supervisor
