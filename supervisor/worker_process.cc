#include "supervisor/worker_process.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/child_process.h"

namespace turbo::supervisor {
namespace {

using engine::ExitCode;
using engine::Fail;
using engine::Result;
using engine::UniqueFd;

// The order in which a worker inherits its descriptors.
enum ChildFd : int {
  kConfigFd = kFirstChildFd,
  kControlFd,
  kCountersFd,
  kFirstListenFd,
};

std::unexpected<engine::Error> Refused(const char* what) {
  return Fail(ExitCode::kResourceRefused,
              std::string(what) + " for a worker was refused: " + std::strerror(errno));
}

// Sealed, so that no worker can change what it was told.
Result<UniqueFd> MakeConfigFile(const std::string& text) {
  UniqueFd fd(::memfd_create("turbo-config", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return Refused("memory");
  for (std::string_view rest = text; !rest.empty();) {
    const ssize_t written = ::write(fd.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Refused("memory");
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) !=
      0) {
    return Refused("a sealed file");
  }
  return fd;
}

engine::WorkerConfig ConfigFor(const RunPlan& plan, std::uint32_t index) {
  engine::WorkerConfig config = plan.worker;
  config.processes = plan.processes;
  config.worker_index = index;
  config.loops = plan.loops_per_process;
  config.graceful_timeout_ms = static_cast<std::uint32_t>(plan.graceful_timeout.count());
  config.control_fd = kControlFd;
  config.counters_fd = kCountersFd;
  config.listen_fds.clear();
  for (std::uint32_t loop = 0; loop < plan.loops_per_process; ++loop) {
    config.listen_fds.push_back(kFirstListenFd + static_cast<std::int32_t>(loop));
  }
  return config;
}

std::string BaseName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

Result<WorkerProcess> WorkerProcess::Start(const RunPlan& plan, std::uint32_t index,
                                           const ListenSockets& sockets,
                                           const sigset_t& signal_mask) {
  const Result<UniqueFd> config =
      MakeConfigFile(engine::SerializeWorkerConfig(ConfigFor(plan, index)));
  if (!config) return std::unexpected(config.error());

  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return Refused("a control socket");
  }
  WorkerProcess worker;
  worker.control_.Reset(ends[0]);
  const UniqueFd workers_end(ends[1]);

  // New for each worker: gauges of one that was killed would stand for ever.
  Result<engine::SharedCounters> counters = engine::SharedCounters::Create(plan.loops_per_process);
  if (!counters) return std::unexpected(std::move(counters.error()));
  worker.counters_ = std::move(*counters);

  ChildSpec spec;
  spec.program = plan.worker_program;
  spec.arguments = {BaseName(plan.worker_program), "--config-fd", std::to_string(kConfigFd),
                    plan.worker.target};
  spec.environment = plan.environment;
  spec.inherited = {config->get(), workers_end.get(), worker.counters_.fd()};
  for (std::size_t loop = 0; loop < plan.loops_per_process; ++loop) {
    spec.inherited.push_back(sockets.fd(std::size_t{index} * plan.loops_per_process + loop));
  }
  spec.signal_mask = signal_mask;

  const Result<pid_t> pid = StartChild(spec);
  if (!pid) return std::unexpected(pid.error());
  worker.pid_ = *pid;
  return worker;
}

void WorkerProcess::Tell(engine::ControlType type) {
  if (!control_ || !engine::SendControl(control_.get(), type)) ::kill(pid_, SIGTERM);
}

void WorkerProcess::Kill() { ::kill(pid_, SIGKILL); }

std::optional<engine::ControlMessage> WorkerProcess::Receive() {
  if (!control_) return std::nullopt;
  bool closed = false;
  std::optional<engine::ControlMessage> message = engine::ReceiveControl(control_.get(), closed);
  if (closed) control_.Reset();
  return message;
}

WorkerProcess::Gauges WorkerProcess::Read() const {
  Gauges sum;
  for (const engine::LoopCounters& loop : counters_.loops()) {
    sum.requests += loop.requests.value();
    sum.connections += loop.connections.value();
    sum.in_flight += loop.in_flight.value();
  }
  return sum;
}

}  // namespace turbo::supervisor
