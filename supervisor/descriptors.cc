#include "supervisor/descriptors.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "engine/base/unique_fd.h"

namespace turbo::supervisor {

std::uint64_t RaiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  if (limit.rlim_cur < limit.rlim_max) {
    const rlimit wanted{limit.rlim_max, limit.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &wanted) == 0) return wanted.rlim_cur;
  }
  return limit.rlim_cur;
}

engine::Result<void> CheckDescriptorLimit(std::uint64_t limit, std::uint64_t processes,
                                          std::uint64_t loops_per_process) {
  // Supervisor: a socket a slot; control socket and counters a worker; log, signals, a start in
  // progress.
  const std::uint64_t supervisor = processes * (loops_per_process + 2) + 16;
  // A child for a moment holds all of that and its own twice. A worker: socket, epoll, wake-up and
  // a few connections a loop; the interpreter's own and an import's files.
  const std::uint64_t child = supervisor + 2 * (loops_per_process + 3) + 8;
  const std::uint64_t worker = 8 * loops_per_process + 32;
  const std::uint64_t needed = std::max(child, worker);
  if (limit >= needed) return {};
  return engine::Fail(engine::ExitCode::kResourceRefused,
                      "not enough descriptors: " + std::to_string(processes) + " x " +
                          std::to_string(loops_per_process) + " loops need " +
                          std::to_string(needed) + ", and the limit is " + std::to_string(limit) +
                          ": raise it (ulimit -n) or use fewer workers or threads");
}

void FillStandardDescriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // open(2) takes the lowest free number, which is `fd`; it is to stay open, also in the workers.
    engine::UniqueFd null(::open("/dev/null", O_RDWR));
    if (null.get() == fd) static_cast<void>(null.Release());
  }
}

}  // namespace turbo::supervisor
