#include "pyembed/stop_signals.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <string>

namespace turbo::pyembed {
namespace {

// A signal handler can reach nothing but globals. Set once, before the handlers are.
std::atomic<int> terminate_fd{-1};
std::atomic<pid_t> worker_pid{0};
static_assert(std::atomic<pid_t>::is_always_lock_free);

// A child that the application forked has inherited handler and descriptor, but is no worker: it
// gets what it would have got without us.
bool PassedOnByChild(int signal_number) {
  if (getpid() == worker_pid.load(std::memory_order_relaxed)) return false;
  std::signal(signal_number, SIG_DFL);
  kill(getpid(), signal_number);
  return true;
}

void OnTerminate(int signal_number) {
  const int saved_errno = errno;
  if (!PassedOnByChild(signal_number)) {
    const std::uint64_t one = 1;
    // Fails only when the counter is full, and then the reader has been told.
    [[maybe_unused]] const ssize_t n =
        write(terminate_fd.load(std::memory_order_relaxed), &one, sizeof(one));
  }
  errno = saved_errno;
}

void OnInterrupt(int signal_number) {
  const int saved_errno = errno;
  PassedOnByChild(signal_number);
  errno = saved_errno;
}

bool Install(int signal_number, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  return sigaction(signal_number, &action, nullptr) == 0;
}

}  // namespace

engine::Result<engine::UniqueFd> InstallStopSignals() {
  engine::UniqueFd fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd) {
    return engine::Fail(engine::ExitCode::kResourceRefused,
                        std::string("a worker needs an eventfd: ") + std::strerror(errno) + ".");
  }
  terminate_fd.store(fd.get());
  worker_pid.store(getpid());
  // A terminal that hangs up tells the whole process group: as with SIGINT, the supervisor decides.
  // Under nohup(1) it stays ignored.
  struct sigaction hangup {};
  const bool keeps_hangup =
      sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler == SIG_IGN;
  if (!Install(SIGTERM, OnTerminate) || !Install(SIGINT, OnInterrupt) ||
      (!keeps_hangup && !Install(SIGHUP, OnInterrupt)) || !Install(SIGPIPE, SIG_IGN) ||
      !Install(SIGXFSZ, SIG_IGN)) {
    return engine::Fail(
        engine::ExitCode::kFailure,
        std::string("signal handlers cannot be installed: ") + std::strerror(errno) + ".");
  }
  return fd;
}

}  // namespace turbo::pyembed
