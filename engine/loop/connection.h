// A connection of an event loop: drives an HttpSession with a socket. The loop's epoll instance
// reports what happens to the socket, edge-triggered (EpollHook::Watched); reads and writes are
// plain system calls, one of each for a request. Loop thread only.
//
// While output is pending nothing is read: a client that does not take its answers holds one
// buffer, whose size the session bounds. A client that goes away is an ordinary end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "engine/base/unique_fd.h"
#include "engine/http/http_session.h"
#include "engine/http/output_buffer.h"
#include "engine/loop/deadline_wheel.h"
#include "engine/loop/epoll_hook.h"
#include "engine/loop/intrusive_list.h"
#include "engine/loop/loop_state.h"

namespace turbo::engine {

struct LiveTag;      ///< open connections of a loop
struct ClosedTag;    ///< closed ones that wait to be freed
struct DeferredTag;  ///< those that want to go on after the present handlers

class Connection final : public EpollHook::Watched,
                         public DeadlineWheel::Entry,
                         public ListLink<LiveTag>,
                         public ListLink<ClosedTag>,
                         public ListLink<DeferredTag>,
                         private SessionDriver {
 public:
  /// `fd`: a connected non-blocking socket.
  Connection(LoopState& loop, UniqueFd fd, const PeerAddress& peer);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  /// Only after it was closed, and at the end of a turn: the events of the turn may still name it.
  ~Connection() = default;

  /// Begins to read. False: the socket cannot be watched and is closed.
  bool Start();
  /// The loop drains from now on: closes if there is nothing to finish.
  void Drain();
  /// Closes at once, with a reset; the peer can tell that something is missing.
  void Cut() { Close(CloseMode::kReset); }
  void OnEvents(std::uint32_t events) noexcept override;
  /// The wheel visits: acts on a deadline that has passed, or is filed again.
  void OnSwept();
  /// The two steps after LoopEvents::OnReceived: lets the session answer what was read, and writes
  /// what it answered.
  void Process();
  void Deliver();
  /// Goes on after LoopEvents::Defer.
  void RunDeferred();

 private:
  enum class CloseMode : std::uint8_t { kNormal, kReset };

  void OnAppProgress() noexcept override;

  /// Runs `step`; what it throws (memory ran out) ends this connection alone.
  template <typename Step>
  void Guard(Step&& step) noexcept;

  void ReadSome();
  void Apply(SessionState state);
  bool WritePending();
  void NoteWriteProgress();
  [[nodiscard]] int KernelQueue() const;
  void Proceed();
  void ContinueReading();
  void CloseGently();
  void StartLingering();
  void DiscardInput();
  void CloseIfIdle();
  [[nodiscard]] bool HasInput() const;
  [[nodiscard]] bool may_read() const {
    return !closed_ && !lingering_ && received_ == 0 && state_ == SessionState::kReading &&
           pending_ == nullptr;
  }
  [[nodiscard]] TimePoint DueTime() const;
  void FileDeadline() { loop_.wheel.FileNoLater(*this, DueTime()); }
  void EndWithError();
  void Close(CloseMode mode);

  LoopState& loop_;
  UniqueFd socket_;
  bool closed_ = false;
  bool lingering_ = false;
  bool readable_ = false;  ///< there may be something in the socket: bytes, its end or an error
  bool ended_ = false;     ///< a FIN, a hang-up or an error was reported
  bool write_blocked_ = false;  ///< `pending_` waits for room in the socket
  bool watches_room_ = false;   ///< EPOLLOUT is asked for
  bool received_any_ = false;   ///< a byte has come from the client
  bool app_progress_ = false;
  SessionState state_ = SessionState::kReading;  ///< what to do once the output is written
  std::uint32_t received_ = 0;  ///< bytes in the session's ReadSpace(), to be processed
  std::uint32_t discarded_ = 0;
  int kernel_queue_ = 0;  ///< at the last progress of a pending write
  /// Of a blocked write, of lingering, or of the grace of a drain.
  TimePoint io_deadline_ = TimePoint::max();
  std::unique_ptr<OutputBuffer> pending_;  ///< what is to be written; null for nothing
  PeerAddress peer_;
  std::optional<HttpSession> session_;  ///< gone once closed or lingering
};

}  // namespace turbo::engine
