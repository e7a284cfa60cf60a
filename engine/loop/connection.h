// A connection of an event loop: drives an HttpSession with a socket. One non-blocking socket,
// watched by Asio; reads and writes are plain system calls made when the watch reports (no
// speculative second read). Loop thread only.
//
// While output is pending nothing is read: a client that does not take its answers holds one
// buffer, whose size the session bounds. A client that goes away is an ordinary end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "engine/http/http_session.h"
#include "engine/http/output_buffer.h"
#include "engine/loop/deadline_wheel.h"
#include "engine/loop/handler_memory.h"
#include "engine/loop/intrusive_list.h"
#include "engine/loop/loop_state.h"

namespace turbo::engine {

struct LiveTag;      ///< open connections of a loop
struct ClosedTag;    ///< closed ones that wait to be freed
struct DeferredTag;  ///< those that want to go on after the present handlers

class Connection final : public DeadlineWheel::Entry,
                         public ListLink<LiveTag>,
                         public ListLink<ClosedTag>,
                         public ListLink<DeferredTag>,
                         private SessionDriver {
 public:
  /// `fd`: a connected non-blocking socket.
  Connection(LoopState& loop, int fd, const PeerAddress& peer);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() = default;

  /// Takes the descriptor and begins to read. False: it cannot be watched, and is still the
  /// caller's.
  bool Start();
  /// The loop drains from now on: closes if there is nothing to finish.
  void Drain();
  /// Closes at once, with a reset; the peer can tell that something is missing.
  void Cut() { Close(CloseMode::kReset); }
  /// The wheel visits: acts on a deadline that has passed, or is filed again.
  void OnSwept();
  /// The two steps after LoopEvents::OnReceived: lets the session answer what was read, and writes
  /// what it answered.
  void Process();
  void Deliver();
  /// Goes on after LoopEvents::Defer.
  void RunDeferred();
  /// Closed, and no handler refers to it any more.
  [[nodiscard]] bool may_be_freed() const { return closed_ && !read_armed_ && !write_armed_; }

 private:
  enum class CloseMode : std::uint8_t { kNormal, kReset };

  void OnAppProgress() noexcept override;

  void OnReadable(const asio::error_code& error);
  void OnWritable(const asio::error_code& error);
  /// Runs `step`; what it throws (memory ran out) ends this connection alone.
  template <typename Step>
  void Guard(Step&& step) noexcept;

  /// kReported: a watch has just reported this socket, with all that had happened to it.
  enum class Readiness : std::uint8_t { kReported, kUnknown };

  void ReadSome(Readiness readiness);
  void TakeResult(SessionState state);
  void Apply(SessionState state);
  bool WritePending();
  void NoteWriteProgress();
  [[nodiscard]] int KernelQueue() const;
  void Proceed();
  void ContinueReading();
  void ArmRead();
  void ArmWrite();
  void CloseGently();
  void StartLingering();
  void DiscardInput();
  void CloseIfIdle();
  [[nodiscard]] bool HasInput() const;
  [[nodiscard]] bool may_read() const {
    return !closed_ && !lingering_ && received_ == 0 && state_ == SessionState::kReading &&
           pending_.empty();
  }
  /// Nothing but reading is to be done once the output is written.
  [[nodiscard]] bool may_go_on_reading() const {
    return state_ == SessionState::kReading && !loop_.session_context.draining;
  }
  [[nodiscard]] TimePoint DueTime() const;
  void FileDeadline() { loop_.wheel.FileNoLater(*this, DueTime()); }
  void EndWithError();
  void Close(CloseMode mode);

  LoopState& loop_;
  WatchedDescriptor socket_;
  const int fd_;
  bool closed_ = false;
  bool lingering_ = false;
  bool read_armed_ = false;
  bool write_armed_ = false;
  bool drained_ = false;       ///< the socket was read empty in this turn
  bool filled_ = false;        ///< the last read filled its space: there is probably more
  bool received_any_ = false;  ///< a byte has come from the client
  bool app_progress_ = false;
  bool deferred_read_ = false;                   ///< RunDeferred has to read
  SessionState state_ = SessionState::kReading;  ///< what to do once the output is written
  std::uint32_t received_ = 0;  ///< bytes in the session's ReadSpace(), to be processed
  std::uint32_t discarded_ = 0;
  int kernel_queue_ = 0;  ///< at the last progress of a pending write
  TimePoint io_deadline_ =
      TimePoint::max();   ///< of a pending write, of lingering, of the grace of a drain
  OutputBuffer pending_;  ///< what the socket did not take
  HandlerMemory read_memory_;
  HandlerMemory write_memory_;
  PeerAddress peer_;
  std::optional<HttpSession> session_;  ///< gone once closed or lingering
};

}  // namespace turbo::engine
