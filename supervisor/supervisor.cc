#include "supervisor/supervisor.h"

#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "supervisor/descriptors.h"
#include "supervisor/exit_status.h"
#include "supervisor/listen_sockets.h"
#include "supervisor/signals.h"
#include "supervisor/slot.h"
#include "supervisor/wording.h"
#include "supervisor/worker_process.h"

namespace turbo::supervisor {
namespace {

using engine::ControlMessage;
using engine::ControlType;
using engine::Error;
using engine::ExitCode;
using engine::Result;
using std::chrono::milliseconds;
using TimePoint = Slot::TimePoint;

struct Worker {
  std::uint32_t index;
  Slot slot;
  std::optional<WorkerProcess> process;  // present if and only if slot.has_process()
  std::string why_not_loaded;            // what kLoadFailed said
};

struct Death {
  SlotState before = SlotState::kServing;  // of the slot
  std::string text;
  bool said_why = false;  // kLoadFailed came before
  bool clean = false;     // exit code 0
};

std::string Name(const Worker& worker) {
  return "worker " + std::to_string(worker.index) + " (pid " +
         std::to_string(worker.process->pid()) + ")";
}

class Supervisor {
 public:
  Supervisor(const RunPlan& plan, const SupervisorEvents& events, const ListenSockets& sockets,
             SignalReader& signals);

  Result<ExitCode> Run();

 private:
  void Wait();
  void ReadControl(Worker& worker, TimePoint now);
  void ReadSignals(TimePoint now);
  void ReapAll(TimePoint now);
  void OnMessage(Worker& worker, const ControlMessage& message, TimePoint now);
  void OnExit(Worker& worker, int status, TimePoint now);
  void OnStopSignal(int number, TimePoint now);
  void OnClock(Worker& worker, TimePoint now);

  bool Start(Worker& worker, TimePoint now);
  void Perform(Worker& worker, SlotAction action, TimePoint now);
  void Feed(SlotEvent event, TimePoint now);
  void GiveUp(ExitCode code, TimePoint now);
  void StopIfNobodyServes(TimePoint now);
  void AnnounceReady(const std::string& worker_line);
  void Notice(const std::string& line);
  void LogDeath(const Worker& worker, const Death& death, SlotAction action, TimePoint now) const;

  [[nodiscard]] bool Finished() const;
  [[nodiscard]] int PollTimeout(TimePoint now) const;
  [[nodiscard]] WorkerProcess::Gauges Totals() const;

  const RunPlan& plan_;
  const SupervisorEvents& events_;
  const ListenSockets& sockets_;
  SignalReader& signals_;
  std::vector<Worker> workers_;
  std::vector<pollfd> poll_entries_;  // [0] signals, [i + 1] control socket of workers_[i]
  std::unordered_set<std::string> notices_;
  bool announced_ = false;
  bool stopping_ = false;
  ExitCode exit_code_ = ExitCode::kOk;
  std::optional<Error> start_error_;
  std::uint64_t requests_of_the_dead_ = 0;
  std::uint64_t connections_cut_ = 0;
};

Supervisor::Supervisor(const RunPlan& plan, const SupervisorEvents& events,
                       const ListenSockets& sockets, SignalReader& signals)
    : plan_(plan), events_(events), sockets_(sockets), signals_(signals) {
  SlotPolicy policy;
  policy.graceful = plan.graceful_timeout;
  const TimePoint now = std::chrono::steady_clock::now();
  workers_.reserve(plan.processes);
  for (std::uint32_t i = 0; i < plan.processes; ++i) {
    workers_.push_back({i, Slot(policy, now), std::nullopt, {}});
  }
}

Result<ExitCode> Supervisor::Run() {
  while (true) {
    for (Worker& worker : workers_) OnClock(worker, std::chrono::steady_clock::now());
    if (Finished()) break;
    Wait();
    const TimePoint now = std::chrono::steady_clock::now();
    // What a worker said comes before its death.
    for (Worker& worker : workers_) {
      if (poll_entries_[worker.index + 1].revents != 0) ReadControl(worker, now);
    }
    if (poll_entries_[0].revents != 0) ReadSignals(now);
  }
  const std::string cut =
      connections_cut_ == 0 ? "" : ", " + Count(connections_cut_, "connection") + " cut";
  if (announced_)
    spdlog::info("stopped; {} served{}", Count(requests_of_the_dead_, "request"), cut);
  if (start_error_) return std::unexpected(*start_error_);
  return exit_code_;
}

void Supervisor::Wait() {
  poll_entries_.assign(1, pollfd{signals_.fd(), POLLIN, 0});
  for (const Worker& worker : workers_) {
    // poll(2) skips an entry whose descriptor is -1.
    const int fd = worker.process ? worker.process->control_fd() : -1;
    poll_entries_.push_back(pollfd{fd, POLLIN, 0});
  }
  const int timeout = PollTimeout(std::chrono::steady_clock::now());
  if (::poll(poll_entries_.data(), poll_entries_.size(), timeout) < 0) {
    for (pollfd& entry : poll_entries_) entry.revents = 0;
    if (errno != EINTR) spdlog::error("poll: {}", std::strerror(errno));
  }
}

int Supervisor::PollTimeout(TimePoint now) const {
  std::optional<TimePoint> first;
  for (const Worker& worker : workers_) {
    const std::optional<TimePoint> due = worker.slot.due();
    if (due && (!first || *due < *first)) first = due;
  }
  if (!first) return -1;
  constexpr milliseconds kLongest = std::chrono::hours(1);
  const auto left = std::chrono::ceil<milliseconds>(*first - now);
  return static_cast<int>(std::clamp(left, milliseconds::zero(), kLongest).count());
}

void Supervisor::ReadControl(Worker& worker, TimePoint now) {
  while (const std::optional<ControlMessage> message = worker.process->Receive()) {
    OnMessage(worker, *message, now);
  }
  if (worker.process->control_fd() < 0) worker.slot.Handle(SlotEvent::kControlLost, now);
}

void Supervisor::OnMessage(Worker& worker, const ControlMessage& message, TimePoint now) {
  switch (message.type) {
    case ControlType::kReady:
      spdlog::debug("{} is ready", Name(worker));
      Perform(worker, worker.slot.Handle(SlotEvent::kReady, now), now);
      AnnounceReady(message.text);
      break;
    case ControlType::kLoadFailed:
      worker.why_not_loaded = message.text;
      Perform(worker, worker.slot.Handle(SlotEvent::kLoadFailed, now), now);
      break;
    case ControlType::kNotice:
      Notice(message.text);
      break;
    case ControlType::kDrain:
    case ControlType::kStop:
      break;  // not for us
  }
}

void Supervisor::AnnounceReady(const std::string& worker_line) {
  const auto was_ready = [](const Worker& worker) { return worker.slot.ever_ready(); };
  if (announced_ || stopping_ || !std::all_of(workers_.begin(), workers_.end(), was_ready)) return;
  announced_ = true;
  if (events_.on_ready) events_.on_ready(worker_line);
}

// All workers say the same at start, and so do their successors: once is enough.
void Supervisor::Notice(const std::string& line) {
  if (!notices_.insert(line).second) return;
  if (events_.on_notice) events_.on_notice(line);
}

void Supervisor::ReadSignals(TimePoint now) {
  bool child = false;
  while (const std::optional<int> number = signals_.Next()) {
    if (*number == SIGCHLD) {
      child = true;
    } else if (*number != SIGPIPE) {
      OnStopSignal(*number, now);
    }
  }
  // Afterwards: where a signal went to the whole group, no successor is to be started for a worker
  // that died of it.
  if (child) ReapAll(now);
}

void Supervisor::OnStopSignal(int number, TimePoint now) {
  const WorkerProcess::Gauges totals = Totals();
  if (stopping_) {
    spdlog::warn("{} while stopping: cutting {} with {} in flight", SignalName(number),
                 Count(totals.connections, "connection"), Count(totals.in_flight, "request"));
    Feed(SlotEvent::kStop, now);
    return;
  }
  stopping_ = true;
  spdlog::info("{}: stopping; {} in flight may take up to {}", SignalName(number),
               Count(totals.in_flight, "request"), Seconds(plan_.graceful_timeout));
  Feed(SlotEvent::kDrain, now);
}

void Supervisor::Feed(SlotEvent event, TimePoint now) {
  for (Worker& worker : workers_) Perform(worker, worker.slot.Handle(event, now), now);
}

// As PID 1, or as a subreaper, children come here that nobody knows: they are only reaped.
void Supervisor::ReapAll(TimePoint now) {
  int status = 0;
  while (true) {
    const pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid < 0 && errno == EINTR) continue;
    if (pid <= 0) return;
    const auto worker = std::find_if(workers_.begin(), workers_.end(), [pid](const Worker& each) {
      return each.process && each.process->pid() == pid;
    });
    if (worker != workers_.end()) {
      OnExit(*worker, status, now);
    } else {
      spdlog::debug("reaped an orphan (pid {})", pid);
    }
  }
}

void Supervisor::OnExit(Worker& worker, int status, TimePoint now) {
  while (const std::optional<ControlMessage> message = worker.process->Receive()) {
    OnMessage(worker, *message, now);
  }
  requests_of_the_dead_ += worker.process->Read().requests;

  Death death;
  death.before = worker.slot.state();
  death.text = Name(worker) + " ";
  death.said_why = !worker.why_not_loaded.empty();
  death.text += death.said_why ? "could not load the application: " + worker.why_not_loaded
                               : DescribeExit(status);
  death.clean = ExitedWithZero(status);
  const SlotEvent event = ClassifyExit(status);
  const bool load_failed =
      death.said_why || (event == SlotEvent::kRefused && death.before != SlotState::kServing);
  const SlotAction action = worker.slot.Handle(event, now);
  worker.why_not_loaded.clear();
  worker.process.reset();

  if (action == SlotAction::kStart) {
    const bool started = Start(worker, now);
    spdlog::error("{}{}", death.text,
                  started ? "; replaced by pid " + std::to_string(worker.process->pid()) : "");
    return;
  }
  LogDeath(worker, death, action, now);
  if (action == SlotAction::kGiveUp) GiveUp(ExitCodeAfter(status), now);
  if (load_failed) StopIfNobodyServes(now);
}

// Of a death that is not answered at once.
void Supervisor::LogDeath(const Worker& worker, const Death& death, SlotAction action,
                          TimePoint now) const {
  if (action == SlotAction::kGiveUp) {
    const bool again = !death.said_why && death.before != SlotState::kServing;
    spdlog::error("{}{}", death.text, again ? " before it was ready: giving up" : "");
  } else if (const std::optional<TimePoint> due = worker.slot.due()) {
    spdlog::error("{}; the next one starts in {}", death.text,
                  Seconds(std::chrono::ceil<milliseconds>(*due - now)));
  } else if (death.before == SlotState::kDraining && !death.clean && exit_code_ == ExitCode::kOk) {
    spdlog::warn("{} while it was draining", death.text);
  } else {
    spdlog::debug("{}", death.text);  // as it was told, or for the reason that stops the whole
  }
}

// A slot that has served before keeps trying, beside others. With nobody to serve, trying is only a
// loop.
void Supervisor::StopIfNobodyServes(TimePoint now) {
  const auto may_serve = [](const Worker& worker) {
    return worker.slot.state() == SlotState::kServing ||
           worker.slot.state() == SlotState::kStarting;
  };
  if (stopping_ || std::any_of(workers_.begin(), workers_.end(), may_serve)) return;
  spdlog::error("no worker is left that serves");
  GiveUp(ExitCode::kLoadFailed, now);
}

void Supervisor::GiveUp(ExitCode code, TimePoint now) {
  if (stopping_) return;
  stopping_ = true;
  exit_code_ = code;
  Feed(SlotEvent::kDrain, now);
}

void Supervisor::OnClock(Worker& worker, TimePoint now) {
  const SlotState before = worker.slot.state();
  const bool successor = worker.slot.ever_ready();
  const SlotAction action = worker.slot.Handle(SlotEvent::kClock, now);
  if (action == SlotAction::kSendStop && before == SlotState::kDraining) {
    const WorkerProcess::Gauges gauges = worker.process->Read();
    spdlog::warn("{} did not finish in time: cutting {} with {} in flight", Name(worker),
                 Count(gauges.connections, "connection"), Count(gauges.in_flight, "request"));
  }
  Perform(worker, action, now);
  if (action == SlotAction::kStart && successor && worker.process) {
    spdlog::info("{} started", Name(worker));
  }
}

void Supervisor::Perform(Worker& worker, SlotAction action, TimePoint now) {
  switch (action) {
    case SlotAction::kNone:
    case SlotAction::kGiveUp:
      break;  // the callers that can get it see to it
    case SlotAction::kStart:
      Start(worker, now);
      break;
    case SlotAction::kSendDrain:
      worker.process->Tell(ControlType::kDrain);
      break;
    case SlotAction::kSendStop:
      connections_cut_ += worker.process->Read().connections;
      worker.process->Tell(ControlType::kStop);
      break;
    case SlotAction::kKill:
      spdlog::warn("{} did not go: killing it", Name(worker));
      worker.process->Kill();
      break;
  }
}

bool Supervisor::Start(Worker& worker, TimePoint now) {
  Result<WorkerProcess> process =
      WorkerProcess::Start(plan_, worker.index, sockets_, signals_.original_mask());
  if (process) {
    worker.process = std::move(*process);
    return true;
  }
  const SlotAction action = worker.slot.Handle(SlotEvent::kStartFailed, now);
  if (action == SlotAction::kGiveUp) {
    start_error_ = std::move(process.error());
    GiveUp(start_error_->exit_code, now);
  } else {
    spdlog::error("worker {}: {}", worker.index, process.error().message);
    StopIfNobodyServes(now);
  }
  return false;
}

bool Supervisor::Finished() const {
  return std::all_of(workers_.begin(), workers_.end(),
                     [](const Worker& worker) { return worker.slot.state() == SlotState::kDone; });
}

WorkerProcess::Gauges Supervisor::Totals() const {
  WorkerProcess::Gauges totals;
  for (const Worker& worker : workers_) {
    if (!worker.process) continue;
    const WorkerProcess::Gauges gauges = worker.process->Read();
    totals.requests += gauges.requests;
    totals.connections += gauges.connections;
    totals.in_flight += gauges.in_flight;
  }
  return totals;
}

}  // namespace

Result<ExitCode> RunSupervisor(const RunPlan& plan, const SupervisorEvents& events) {
  FillStandardDescriptors();
  const Result<void> enough =
      CheckDescriptorLimit(RaiseDescriptorLimit(), plan.processes, plan.loops_per_process);
  if (!enough) return std::unexpected(enough.error());
  Result<SignalReader> signals = SignalReader::Block();
  if (!signals) return std::unexpected(std::move(signals.error()));

  const std::size_t slots = std::size_t{plan.processes} * plan.loops_per_process;
  const Result<ListenSockets> sockets = ListenSockets::Bind(plan.address, slots);
  if (!sockets) return std::unexpected(sockets.error());
  if (events.on_listening) events.on_listening(sockets->url());
  return Supervisor(plan, events, *sockets, *signals).Run();
}

}  // namespace turbo::supervisor
