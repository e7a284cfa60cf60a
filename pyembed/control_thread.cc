#include "pyembed/control_thread.h"

#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <memory>
#include <string>

#include "engine/worker/worker_protocol.h"

namespace turbo::pyembed {
namespace {

using engine::ControlType;
using engine::ExitCode;

void DrainEventFd(int fd) {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t n = ::read(fd, &count, sizeof(count));
}

// Signals are for the main thread. This thread starts no programs, so nobody inherits its mask.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~AllSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

engine::Result<std::unique_ptr<ControlThread>> ControlThread::Start(const Config& config) {
  engine::UniqueFd wake_fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_fd) {
    return engine::Fail(ExitCode::kResourceRefused,
                        std::string("a worker needs an eventfd: ") + std::strerror(errno) + ".");
  }
  try {
    std::unique_ptr<ControlThread> control(new ControlThread(config, std::move(wake_fd)));
    const AllSignalsBlocked inherited_by_the_thread;
    control->thread_ = std::thread([&self = *control] { self.Main(); });
    return control;
  } catch (const std::exception& error) {
    return engine::Fail(
        ExitCode::kResourceRefused,
        std::string("a worker's control thread cannot be started: ") + error.what() + ".");
  }
}

ControlThread::ControlThread(const Config& config, engine::UniqueFd wake_fd)
    : config_(config), wake_fd_(std::move(wake_fd)), control_open_(config.control_fd >= 0) {}

ControlThread::~ControlThread() {
  if (!thread_.joinable()) return;
  Request(kEnd);
  thread_.join();
}

void ControlThread::AddLoop(engine::EventLoop& loop) {
  const std::lock_guard lock(mutex_);
  loops_.push_back(&loop);
  // After the push, and in this order: whoever sets it later finds the loop in the list.
  if (stopping()) loop.RequestDrain();
}

void ControlThread::RemoveLoop(engine::EventLoop& loop) {
  const std::lock_guard lock(mutex_);
  std::erase(loops_, &loop);
}

void ControlThread::ExitWithin(std::chrono::milliseconds patience, ExitCode code) noexcept {
  {
    const std::lock_guard lock(mutex_);
    const Clock::time_point limit = Clock::now() + patience;
    if (!exit_at_ || limit < *exit_at_) exit_at_ = limit;
    exit_code_ = code;
  }
  Wake();
}

void ControlThread::Request(std::uint32_t what) noexcept {
  if ((what & (kDrain | kStop)) != 0) stopping_.store(true, std::memory_order_release);
  requests_.fetch_or(what, std::memory_order_acq_rel);
  Wake();
}

void ControlThread::Wake() noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(wake_fd_.get(), &one, sizeof(one));
}

void ControlThread::Main() noexcept {
  pthread_setname_np(pthread_self(), "turbo-control");
  while (true) {
    std::array<pollfd, 3> fds = {{{wake_fd_.get(), POLLIN, 0},
                                  {config_.terminate_fd, POLLIN, 0},
                                  {control_open_ ? config_.control_fd : -1, POLLIN, 0}}};
    if (::poll(fds.data(), fds.size(), NextTimeout()) < 0 && errno != EINTR) {
      spdlog::critical("the control thread cannot wait: {}", std::strerror(errno));
      EndProcess(ExitCode::kFailure);
    }
    if (fds[0].revents != 0) {
      DrainEventFd(wake_fd_.get());
      const std::uint32_t requests = requests_.exchange(0, std::memory_order_acq_rel);
      if ((requests & kEnd) != 0) return;
      OnRequests(requests);
    }
    if (fds[1].revents != 0) OnTerminate();
    if (fds[2].revents != 0) ReadControl();
    OnDeadlines();
  }
}

void ControlThread::ReadControl() {
  while (control_open_) {
    bool closed = false;
    const auto message = engine::ReceiveControl(config_.control_fd, closed);
    if (closed) {
      spdlog::warn("the supervisor is gone; finishing what is in flight");
      control_open_ = false;
      BeginDrain();
    }
    if (!message) return;
    if (message->type == ControlType::kDrain) BeginDrain();
    if (message->type == ControlType::kStop) BeginStop();
  }
}

void ControlThread::OnTerminate() {
  DrainEventFd(config_.terminate_fd);
  if (draining_) {
    BeginStop();  // the second one means now
  } else {
    BeginDrain();
  }
}

void ControlThread::OnRequests(std::uint32_t requests) {
  if ((requests & kStop) != 0) {
    BeginStop();
  } else if ((requests & kDrain) != 0) {
    BeginDrain();
  }
}

void ControlThread::BeginDrain() {
  if (draining_) return;
  draining_ = true;
  const std::lock_guard lock(mutex_);
  if (loaded_.load(std::memory_order_acquire)) {
    cut_at_ = Clock::now() + config_.graceful;
  } else {
    exit_at_ = Clock::now() + config_.stuck;
    exit_code_ = ExitCode::kOk;
  }
  stopping_.store(true, std::memory_order_release);
  for (engine::EventLoop* loop : loops_) loop->RequestDrain();
}

void ControlThread::BeginStop() {
  if (cutting_) return;
  draining_ = cutting_ = true;
  cut_at_.reset();
  const std::lock_guard lock(mutex_);
  stopping_.store(true, std::memory_order_release);
  for (engine::EventLoop* loop : loops_) loop->RequestStop();
  const Clock::time_point limit = Clock::now() + config_.stuck;
  if (!exit_at_ || limit < *exit_at_) exit_at_ = limit;
}

void ControlThread::OnDeadlines() {
  const Clock::time_point now = Clock::now();
  if (cut_at_ && now >= *cut_at_) {
    spdlog::warn("the graceful time-out of {} ms is over; cutting what is left",
                 config_.graceful.count());
    BeginStop();
  }
  ExitCode code = ExitCode::kFailure;
  {
    const std::lock_guard lock(mutex_);
    if (!exit_at_ || now < *exit_at_) return;
    code = exit_code_;
  }
  spdlog::error("the application did not let the worker stop in time; ending without it");
  EndProcess(code);
}

int ControlThread::NextTimeout() const {
  std::optional<Clock::time_point> next = cut_at_;
  {
    const std::lock_guard lock(mutex_);
    if (exit_at_ && (!next || *exit_at_ < *next)) next = exit_at_;
  }
  if (!next) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - Clock::now());
  constexpr std::chrono::milliseconds kHour = std::chrono::hours{1};
  return static_cast<int>(std::clamp(left, std::chrono::milliseconds{0}, kHour).count());
}

void ControlThread::EndProcess(ExitCode code) {
  spdlog::default_logger_raw()->flush();
  ::_exit(static_cast<int>(code));
}

}  // namespace turbo::pyembed
