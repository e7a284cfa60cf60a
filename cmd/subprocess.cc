#include "cmd/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <spdlog/fmt/fmt.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

#include "cmd/units.h"
#include "engine/base/unique_fd.h"

namespace turbo::cmd {
namespace {

using Clock = std::chrono::steady_clock;
using engine::ExitCode;
using engine::Fail;
using engine::UniqueFd;

constexpr std::size_t kMaxOutput = 64 * 1024;

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

engine::Result<Pipe> MakePipe() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) {
    return Fail(ExitCode::kResourceRefused,
                fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  }
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

class SpawnSettings {
 public:
  SpawnSettings(int out, int err) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, out, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, err, STDERR_FILENO);
    ::posix_spawnattr_init(&attributes_);
    // A group of its own: a shim written in shell has children, which a time-out must end too.
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }

  [[nodiscard]] const posix_spawn_file_actions_t* actions() const { return &actions_; }
  [[nodiscard]] const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

int RemainingMs(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::max<decltype(left)>(left, 0));
}

/// Appends what is there to `text`; false at end of file.
bool ReadSome(int fd, std::string& text) {
  std::array<char, 4096> chunk{};
  const ssize_t got = ::read(fd, chunk.data(), chunk.size());
  if (got < 0) return errno == EINTR || errno == EAGAIN;
  const std::size_t space = kMaxOutput - std::min(kMaxOutput, text.size());
  text.append(chunk.data(), std::min(static_cast<std::size_t>(got), space));
  return got > 0;
}

/// Reads both streams to their ends; false if the deadline came first.
bool Collect(const UniqueFd& out, const UniqueFd& err, Clock::time_point deadline,
             ProcessOutput& output) {
  std::array<pollfd, 2> fds{pollfd{out.get(), POLLIN, 0}, pollfd{err.get(), POLLIN, 0}};
  std::array<std::string*, 2> texts{&output.out, &output.err};
  while (fds[0].fd >= 0 || fds[1].fd >= 0) {
    const int ready = ::poll(fds.data(), fds.size(), RemainingMs(deadline));
    if (ready == 0) return false;
    if (ready < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    for (std::size_t i = 0; i < fds.size(); ++i) {
      // A negative descriptor is one that poll(2) passes over.
      if (fds[i].fd >= 0 && fds[i].revents != 0 && !ReadSome(fds[i].fd, *texts[i])) fds[i].fd = -1;
    }
  }
  return true;
}

/// waitpid(2) until the deadline; false if the child still runs. A child that closed its streams is
/// about to exit, so that short sleeps do.
bool Reap(pid_t pid, Clock::time_point deadline, int& status) {
  for (;;) {
    const pid_t got = ::waitpid(pid, &status, WNOHANG);
    if (got == pid) return true;
    if (got < 0 && errno != EINTR) {
      status = 0x7f00;
      return true;
    }
    if (Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace

engine::Result<ProcessOutput> RunProgram(const std::vector<std::string>& argv,
                                         std::chrono::milliseconds timeout) {
  auto out = MakePipe();
  if (!out) return std::unexpected(out.error());
  auto err = MakePipe();
  if (!err) return std::unexpected(err.error());

  std::vector<char*> arguments;
  arguments.reserve(argv.size() + 1);
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);

  const auto deadline = Clock::now() + timeout;
  const SpawnSettings settings(out->write_end.get(), err->write_end.get());
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, argv.front().c_str(), settings.actions(),
                                  settings.attributes(), arguments.data(), environ);
  if (error != 0) {
    return Fail(ExitCode::kFailure, fmt::format("{}: {}", argv.front(), std::strerror(error)));
  }
  out->write_end.Reset();
  err->write_end.Reset();

  ProcessOutput output;
  int status = 0;
  if (!Collect(out->read_end, err->read_end, deadline, output) || !Reap(pid, deadline, status)) {
    ::kill(-pid, SIGKILL);
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return Fail(ExitCode::kFailure,
                fmt::format("{} did not answer within {}", argv.front(), FormatSeconds(timeout)));
  }
  output.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return output;
}

}  // namespace turbo::cmd
