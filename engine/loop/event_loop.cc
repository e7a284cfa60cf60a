#include "engine/loop/event_loop.h"

#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <asio/basic_waitable_timer.hpp>
#include <asio/post.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/unique_fd.h"
#include "engine/loop/access_log.h"
#include "engine/loop/connection.h"
#include "engine/loop/connection_pool.h"
#include "engine/loop/listener.h"
#include "engine/loop/loop_state.h"
#include "engine/loop/stall_meter.h"

namespace turbo::engine {
namespace {

using SteadyTimer =
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>, LoopExecutor>;

/// So many connections at most take their steps together: more would only spill the caches, and
/// make the first one wait.
constexpr std::size_t kBatch = 32;

/// The sweep without connections: only the heartbeat needs it then.
constexpr std::chrono::seconds kIdleTick{1};

/// steady_clock's time as of the last timer interrupt: some milliseconds old, and several times
/// cheaper to read.
TimePoint RoughNow() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return TimePoint(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

}  // namespace

class EventLoop::Impl final : public LoopEvents, public EpollHook::TurnHandler {
 public:
  Impl(const LoopConfig& config, AppGateway& gateway, WaitObserver* observer,
       LoopCounters& counters, ProcessShared& shared)
      : state_(config, gateway, observer, counters, shared, *this, *this) {
    OnWake();
    if (Result<void> made = MakeIo(); !made) failure_ = made.error();
  }

  ~Impl() {
    CutAll();
    Finish();
    // Handlers hold memory of the objects that they are for: all must have run before those go.
    if (io_) {
      state_.io.restart();
      state_.io.poll();
    }
    ReapClosed();
  }

  Result<void> AddListener(int fd) {
    if (failure_) return std::unexpected<Error>(*failure_);
    auto listener = std::make_unique<Listener>(state_);
    if (Result<void> started = listener->Start(fd); !started) return started;
    listeners_.push_back(std::move(listener));
    return {};
  }

  void Run() {
    if (failure_) {
      spdlog::error("{}", failure_->message);
      return;
    }
    EpollHook::Installed installed(state_.hook);
    OnWake();
    ArmTick();
    state_.io.run();
    ReapClosed();
    if (state_.config.access_log != nullptr) state_.config.access_log->Flush();
  }

  void Request(std::uint32_t what) noexcept {
    requests_.fetch_or(what, std::memory_order_release);
    const std::uint64_t one = 1;
    // Fails only if the counter is full, and then the loop is about to wake anyway.
    [[maybe_unused]] const ssize_t n = ::write(wake_fd_.get(), &one, sizeof(one));
  }

  static constexpr std::uint32_t kDrainRequest = 1;
  static constexpr std::uint32_t kStopRequest = 2;

  // LoopEvents
  void OnConnectionClosed(Connection& connection) noexcept override {
    connection.ListLink<LiveTag>::Unlink();
    closed_.PushBack(connection);
    state_.counters.connections.Subtract(1);
    state_.shared.connections.fetch_sub(1, std::memory_order_relaxed);
    for (const auto& listener : listeners_) listener->ResumeIfPossible();
    if (state_.session_context.draining && live_.empty()) Finish();
  }

  void OnAccepted(int fd, const PeerAddress& peer) noexcept override {
    UniqueFd owned(fd);
    try {
      Connection* connection = pool_.Make(state_, std::move(owned), peer);
      if (connection == nullptr) {
        state_.shared.connections.fetch_sub(1, std::memory_order_relaxed);
        return;
      }
      if (live_.empty()) HastenTick();
      live_.PushBack(*connection);
      state_.counters.connections.Add(1);
    } catch (const std::exception& e) {
      state_.shared.connections.fetch_sub(1, std::memory_order_relaxed);
      spdlog::error("a connection was refused: {}", e.what());
    }
  }

  void OnReceived(Connection& connection) noexcept override {
    batch_[batch_size_++] = &connection;
    if (batch_size_ == batch_.size()) FlushBatch();
  }

  void Defer(Connection& connection) noexcept override {
    if (connection.ListLink<DeferredTag>::linked()) return;
    deferred_.PushBack(connection);
    if (defer_posted_) return;
    defer_posted_ = posted_ = true;
    asio::post(state_.io.get_executor(), Bind<&Impl::OnDeferred>(*this, defer_memory_));
  }

  // EpollHook::TurnHandler
  bool OnTurnEnd() noexcept override {
    FlushBatch();
    stalls_.Record(state_.session_context.now, RoughNow());
    if (!closed_.empty()) [[unlikely]]
      ReapClosed();
    return std::exchange(posted_, false);
  }
  void OnBeforeWait() noexcept override {
    if (state_.config.access_log != nullptr) state_.config.access_log->Flush();
  }
  void OnWake() noexcept override {
    const TimePoint now = std::chrono::steady_clock::now();
    state_.session_context.now = now;
    state_.counters.heartbeat_ms.Set(static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count()));
  }

 private:
  struct Io {
    explicit Io(LoopState& state) : wake(state.io.get_executor()), tick(state.io.get_executor()) {}
    WatchedDescriptor wake;  ///< of wake_fd_, which stays ours
    SteadyTimer tick;
  };

  Result<void> MakeIo() {
    wake_fd_.Reset(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    if (!wake_fd_) {
      return Fail(ExitCode::kResourceRefused,
                  "an event loop needs an eventfd: " + std::string(std::strerror(errno)));
    }
    try {
      EpollHook::Installed installed(state_.hook);
      io_.emplace(state_);
      io_->wake.assign(wake_fd_.get());
    } catch (const std::exception& e) {
      return Fail(ExitCode::kResourceRefused,
                  "an event loop needs an epoll and a timer descriptor: " + std::string(e.what()));
    }
    if (!state_.hook.ready()) {
      return Fail(ExitCode::kFailure,
                  "this program was built with an Asio that does not use epoll");
    }
    ArmWake();
    return {};
  }

  void ArmWake() {
    io_->wake.async_wait(asio::posix::descriptor_base::wait_read,
                         Bind<&Impl::OnRequest>(*this, wake_memory_));
  }

  void OnRequest(const asio::error_code& error) {
    if (error || finished_) return;
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t n = ::read(wake_fd_.get(), &count, sizeof(count));
    const std::uint32_t requests = requests_.load(std::memory_order_acquire);
    if ((requests & kStopRequest) != 0) {
      BeginDraining();
      CutAll();
      Finish();
    } else if ((requests & kDrainRequest) != 0 && !state_.session_context.draining) {
      BeginDraining();
      live_.ForEach([](Connection& connection) { connection.Drain(); });
      if (live_.empty()) Finish();
    }
    if (!finished_) ArmWake();
  }

  void BeginDraining() {
    state_.session_context.draining = true;
    for (const auto& listener : listeners_) listener->Stop();
  }

  void CutAll() {
    live_.ForEach([](Connection& connection) { connection.Cut(); });
  }

  /// Nothing is left to be done: takes back what is armed, so that the io_context runs out of work.
  void Finish() {
    if (finished_) return;
    finished_ = posted_ = true;
    for (const auto& listener : listeners_) listener->Stop();
    if (!io_) return;
    (void)io_->wake.release();
    io_->tick.cancel();
  }

  void ArmTick() {
    if (finished_) return;
    const bool busy = !live_.empty() || state_.shared.max_connections != 0;
    slow_tick_ = !busy;
    io_->tick.expires_after(busy ? std::chrono::milliseconds(DeadlineWheel::kTick)
                                 : std::chrono::milliseconds(kIdleTick));
    io_->tick.async_wait(Bind<&Impl::OnTick>(*this, tick_memory_));
  }

  /// The first connection: its deadlines want the usual tick.
  void HastenTick() {
    if (slow_tick_) io_->tick.cancel();
  }

  void OnTick(const asio::error_code& /*error*/) {
    if (finished_) return;
    state_.sweep_time = state_.session_context.now - stalls_.longest();
    state_.wheel.Advance(state_.sweep_time, [](DeadlineWheel::Entry& entry) {
      static_cast<Connection&>(entry).OnSwept();
    });
    for (const auto& listener : listeners_) listener->ResumeIfPossible();
    ArmTick();
  }

  void OnDeferred() {
    defer_posted_ = false;
    IntrusiveList<Connection, DeferredTag> now;  // those that ask again meanwhile get the next turn
    now.TakeAll(deferred_);
    while (!now.empty()) now.PopFront().RunDeferred();
  }

  /// Connections that have read take their steps together: first all are answered, then all answers
  /// are written. So the application's code and the kernel's each run many times in a row and find
  /// themselves in the processor's caches, where alternating they would find each other.
  void FlushBatch() {
    const std::size_t size = std::exchange(batch_size_, 0);
    for (std::size_t i = 0; i < size; ++i) batch_[i]->Process();
    for (std::size_t i = 0; i < size; ++i) batch_[i]->Deliver();
  }

  void ReapClosed() {
    while (!closed_.empty()) pool_.Free(&closed_.PopFront());
  }

  // Memory of handlers first: the io_context, which may still hold some, goes before it.
  HandlerMemory wake_memory_;
  HandlerMemory tick_memory_;
  HandlerMemory defer_memory_;
  ConnectionPool pool_;
  UniqueFd wake_fd_;
  std::atomic<std::uint32_t> requests_{0};
  LoopState state_;
  IntrusiveList<Connection, LiveTag> live_;
  IntrusiveList<Connection, ClosedTag> closed_;
  IntrusiveList<Connection, DeferredTag> deferred_;
  std::optional<Io> io_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::optional<Error> failure_;
  StallMeter stalls_;
  std::array<Connection*, kBatch> batch_{};
  std::size_t batch_size_ = 0;
  bool defer_posted_ = false;
  bool posted_ = false;  ///< handlers were posted since the last look for events
  bool slow_tick_ = false;
  bool finished_ = false;
};

EventLoop::EventLoop(const LoopConfig& config, AppGateway& gateway, WaitObserver* observer,
                     LoopCounters& counters, ProcessShared& shared)
    : impl_(std::make_unique<Impl>(config, gateway, observer, counters, shared)) {}

EventLoop::~EventLoop() = default;

Result<void> EventLoop::AddListener(int fd) { return impl_->AddListener(fd); }

void EventLoop::Run() { impl_->Run(); }

void EventLoop::RequestDrain() noexcept { impl_->Request(Impl::kDrainRequest); }

void EventLoop::RequestStop() noexcept { impl_->Request(Impl::kDrainRequest | Impl::kStopRequest); }

}  // namespace turbo::engine
