#include "supervisor/child_process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "engine/base/unique_fd.h"

namespace turbo::supervisor {
namespace {

using engine::ExitCode;
using engine::Fail;
using engine::Result;
using engine::UniqueFd;

constexpr int kExecFailed = 127;

// All that the child needs, as plain pointers into memory made before the fork.
struct PreparedChild {
  const char* program;
  char* const* arguments;
  char* const* environment;
  const int* sources;
  int* copies;  // scratch, as long as sources
  int count;
  int report_fd;
  const sigset_t* signal_mask;
};

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  // execve(2) takes char* for historical reasons and does not write.
  for (const std::string& text : strings) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// In the child: async-signal-safe calls only (signal-safety(7)).
[[noreturn]] void ReportAndExit(int report_fd) {
  const int error = errno;
  const ssize_t written = ::write(report_fd, &error, sizeof error);
  ::_exit(written == sizeof error ? kExecFailed : kExecFailed - 1);
}

[[noreturn]] void RunChild(const PreparedChild& child) {
  const int end = kFirstChildFd + child.count;
  // The targets may hold descriptors that are still needed: first everything moves above them, then
  // into place. dup2(2) leaves close-on-exec clear, all else keeps it set.
  const int report_fd = ::fcntl(child.report_fd, F_DUPFD_CLOEXEC, end);
  if (report_fd < 0) ReportAndExit(child.report_fd);
  for (int i = 0; i < child.count; ++i) {
    child.copies[i] = ::fcntl(child.sources[i], F_DUPFD_CLOEXEC, end);
    if (child.copies[i] < 0) ReportAndExit(report_fd);
  }
  for (int i = 0; i < child.count; ++i) {
    if (::dup2(child.copies[i], kFirstChildFd + i) < 0) ReportAndExit(report_fd);
  }
  // Descriptors that this program's own parent left open end here. Kernels before 5.11 do not know
  // this: no harm then.
  ::syscall(SYS_close_range, static_cast<unsigned>(end), ~0U, CLOSE_RANGE_CLOEXEC);
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  if (::sigaction(SIGCHLD, &action, nullptr) != 0) ReportAndExit(report_fd);
  if (::sigprocmask(SIG_SETMASK, child.signal_mask, nullptr) != 0) ReportAndExit(report_fd);
  ::execve(child.program, child.arguments, child.environment);
  ReportAndExit(report_fd);
}

std::unexpected<engine::Error> CannotStart(const std::string& program, int error) {
  const bool refused = error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE;
  std::string advice;
  if (error == EAGAIN) advice = "; the limit of processes is reached (ulimit -u, pids.max)";
  if (error == ENOENT || error == EACCES || error == ENOEXEC)
    advice = "; build or install turbo again";
  return Fail(
      refused ? ExitCode::kResourceRefused : ExitCode::kFailure,
      "the worker program " + program + " cannot be started: " + std::strerror(error) + advice);
}

}  // namespace

Result<pid_t> StartChild(const ChildSpec& spec) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return CannotStart(spec.program, errno);
  UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);

  const std::vector<char*> arguments = Pointers(spec.arguments);
  const std::vector<char*> environment = Pointers(spec.environment);
  std::vector<int> copies(spec.inherited.size(), -1);
  const PreparedChild child{spec.program.c_str(), arguments.data(),
                            environment.data(),   spec.inherited.data(),
                            copies.data(),        static_cast<int>(spec.inherited.size()),
                            writer.get(),         &spec.signal_mask};

  const pid_t pid = ::fork();
  if (pid < 0) return CannotStart(spec.program, errno);
  if (pid == 0) RunChild(child);

  writer.Reset();
  int error = 0;
  ssize_t got = 0;
  do {
    got = ::read(reader.get(), &error, sizeof error);
  } while (got < 0 && errno == EINTR);
  if (got == 0)
    return pid;  // exec closed the pipe, or the child was killed before: then its exit tells

  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return CannotStart(spec.program, got == sizeof error ? error : EIO);
}

}  // namespace turbo::supervisor
