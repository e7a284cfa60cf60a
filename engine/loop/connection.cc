#include "engine/loop/connection.h"

#include <linux/sockios.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <exception>
#include <utility>

#include "engine/loop/socket_io.h"

namespace turbo::engine {
namespace {

/// What a client sends after its last answer is thrown away in pieces, so many in a turn.
constexpr int kDiscardsPerTurn = 4;

/// Lingering (RFC 9112 §9.6): how long, and how much, is read after the last answer before the
/// socket is closed. Closing with unread input makes the kernel send a reset, which may destroy the
/// answer before the client has read it.
constexpr std::chrono::seconds kLingerTime{2};
constexpr std::uint32_t kLingerBytes = 1024 * 1024;

/// A connection that was accepted just before a drain may have its first request still under way.
constexpr std::chrono::milliseconds kDrainGrace{500};

}  // namespace

Connection::Connection(LoopState& loop, int fd, const PeerAddress& peer)
    : loop_(loop), socket_(loop.io.get_executor()), fd_(fd), peer_(peer) {}

bool Connection::Start() {
  asio::error_code error;
  socket_.assign(fd_, error);
  if (error) {
    closed_ = true;
    return false;
  }
  session_.emplace(loop_.session_context, static_cast<SessionDriver&>(*this), &peer_);
  // Registering has just looked at the socket: whatever is there already will be reported.
  drained_ = true;
  ArmRead();
  if (loop_.session_context.draining) Drain();
  FileDeadline();
  return true;
}

template <typename Step>
void Connection::Guard(Step&& step) noexcept {
  try {
    step();
    return;
  } catch (const std::exception& e) {
    spdlog::error("a connection was cut: {}", e.what());
  } catch (...) {
    spdlog::error("a connection was cut by an unknown error");
  }
  loop_.write_buffers.cork().Clear();
  Close(CloseMode::kReset);
}

void Connection::OnReadable(const asio::error_code& error) {
  read_armed_ = false;
  if (closed_ || error) return;
  Guard([this] {
    if (lingering_) {
      DiscardInput();
    } else if (may_read()) {
      ReadSome(Readiness::kReported);
    } else if (state_ == SessionState::kAwaitingApp) {
      // What came stays in the socket until the answer is out; only a reset counts now. A FIN does
      // not: the client may still be reading.
      char byte;
      if (ReceiveNow(fd_, &byte, 1, MSG_PEEK) < 0 && errno != EAGAIN) EndWithError();
    }
  });
}

/// Reads once. What came is processed with that of other connections (LoopEvents::OnReceived).
void Connection::ReadSome(Readiness readiness) {
  const std::span<char> space = session_->ReadSpace();
  const ssize_t n = ReceiveNow(fd_, space.data(), space.size());
  if (n > 0) [[likely]] {
    received_ = static_cast<std::uint32_t>(n);
    filled_ = received_ == space.size();
    // A short read means that nothing is left, if a FIN that came with it would have been reported.
    drained_ = !filled_ && readiness == Readiness::kReported && !loop_.hook.peer_closing();
    received_any_ = true;
    io_deadline_ = TimePoint::max();
    loop_.events.OnReceived(*this);
  } else if (n == 0) {
    Apply(session_->ReceiveEof(loop_.write_buffers.cork()));
    if (may_read()) Close(CloseMode::kNormal);  // nothing more can come
  } else if (errno == EAGAIN) {
    drained_ = true;
    ArmRead();
  } else {
    EndWithError();
  }
}

void Connection::Process() {
  if (closed_) return;
  Guard([this] {
    const std::uint32_t received = std::exchange(received_, 0);
    loop_.counters.bytes_in.Add(received);
    TakeResult(session_->Receive(received, loop_.write_buffers.cork()));
    if (drained_ && may_go_on_reading()) [[likely]]
      ArmRead();
  });
}

void Connection::TakeResult(SessionState state) {
  state_ = state;
  if (!loop_.write_buffers.cork().empty()) pending_ = loop_.write_buffers.TakeCork();
}

void Connection::Deliver() {
  if (closed_) return;
  Guard([this] {
    if (state_ == SessionState::kAborted) [[unlikely]] {
      Close(CloseMode::kReset);
      return;
    }
    if ((pending_.empty() || WritePending()) && !(read_armed_ && may_go_on_reading())) [[unlikely]]
      Proceed();
    if (closed_) return;
    drained_ = false;
    FileDeadline();
  });
}

/// What the session said outside of a batch.
void Connection::Apply(SessionState state) {
  TakeResult(state);
  Deliver();
}

/// True: all was written. False: the rest waits for room in the socket, or the connection has
/// ended.
bool Connection::WritePending() {
  const ssize_t n = SendNow(fd_, pending_.data(), pending_.size());
  if (n == static_cast<ssize_t>(pending_.size())) [[likely]] {
    loop_.counters.bytes_out.Add(pending_.size());
    loop_.write_buffers.GiveBack(std::move(pending_));
    io_deadline_ = TimePoint::max();
    return true;
  }
  if (n < 0 && errno != EAGAIN) {
    EndWithError();
    return false;
  }
  if (n > 0) {
    loop_.counters.bytes_out.Add(static_cast<std::size_t>(n));
    pending_.Consume(static_cast<std::size_t>(n));
  }
  if (n > 0 || io_deadline_ == TimePoint::max()) NoteWriteProgress();
  ArmWrite();
  return false;
}

void Connection::NoteWriteProgress() {
  kernel_queue_ = KernelQueue();
  // Not the turn's time: the application may have taken long to answer.
  io_deadline_ = std::chrono::steady_clock::now() + loop_.config.timeouts.write;
}

/// Bytes that the peer has not taken from the kernel yet (tcp(7), SIOCOUTQ). The kernel reports
/// room only when a good part of a send buffer of megabytes is free: a slow client makes progress
/// long before that.
int Connection::KernelQueue() const {
  int bytes = 0;
  return ::ioctl(fd_, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

void Connection::OnWritable(const asio::error_code& error) {
  write_armed_ = false;
  if (!error) Deliver();
}

/// Everything is written: does what the session's last state asks for.
void Connection::Proceed() {
  switch (state_) {
    case SessionState::kReading:
      if (loop_.session_context.draining && session_->idle()) {
        CloseIfIdle();
        if (closed_) return;
      }
      ContinueReading();
      return;
    case SessionState::kBlocked:
      loop_.events.Defer(*this);
      return;
    case SessionState::kAwaitingApp:
      if (app_progress_) {
        loop_.events.Defer(*this);
      } else {
        ArmRead();
      }
      return;
    case SessionState::kClosing:
      CloseGently();
      return;
    case SessionState::kLingering:
      StartLingering();
      return;
    case SessionState::kAborted:
      Close(CloseMode::kReset);
      return;
  }
}

/// Reads on when there is something, or in the next turn if there probably is.
void Connection::ContinueReading() {
  if (std::exchange(filled_, false) && !read_armed_) {
    deferred_read_ = true;
    loop_.events.Defer(*this);
  } else {
    ArmRead();
  }
}

void Connection::OnAppProgress() noexcept {
  app_progress_ = true;
  if (!closed_ && pending_.empty()) loop_.events.Defer(*this);
}

void Connection::RunDeferred() {
  if (closed_ || lingering_ || !pending_.empty()) return;
  Guard([this] {
    const bool app_progress = std::exchange(app_progress_, false);
    const bool read = std::exchange(deferred_read_, false);
    if (state_ == SessionState::kBlocked ||
        (state_ == SessionState::kAwaitingApp && app_progress)) {
      Apply(session_->Resume(loop_.write_buffers.cork()));
    } else if (read && may_read() && !read_armed_) {
      ReadSome(Readiness::kUnknown);
    }
  });
}

void Connection::ArmRead() {
  if (read_armed_) return;
  read_armed_ = true;
  auto handler = Bind<&Connection::OnReadable>(*this, read_memory_);
  if (std::exchange(drained_, false)) {
    EpollHook::QuietArm quiet(loop_.hook);
    socket_.async_wait(asio::posix::descriptor_base::wait_read, handler);
  } else {
    socket_.async_wait(asio::posix::descriptor_base::wait_read, handler);
  }
}

void Connection::ArmWrite() {
  write_armed_ = true;
  socket_.async_wait(asio::posix::descriptor_base::wait_write,
                     Bind<&Connection::OnWritable>(*this, write_memory_));
}

bool Connection::HasInput() const {
  char byte;
  return ReceiveNow(fd_, &byte, 1, MSG_PEEK) > 0;
}

/// Closes after the last answer; lingers if the client has sent something more, which a plain close
/// would answer with a reset.
void Connection::CloseGently() {
  if (!drained_ && HasInput()) {
    StartLingering();
  } else {
    Close(CloseMode::kNormal);
  }
}

void Connection::StartLingering() {
  if (::shutdown(fd_, SHUT_WR) != 0) {
    Close(CloseMode::kNormal);
    return;
  }
  lingering_ = true;
  session_.reset();
  io_deadline_ = loop_.session_context.now + kLingerTime;
  DiscardInput();
}

void Connection::DiscardInput() {
  drained_ = false;
  std::array<char, 16 * 1024> waste;
  for (int i = 0; i < kDiscardsPerTurn; ++i) {
    const ssize_t n = ReceiveNow(fd_, waste.data(), waste.size());
    if (n > 0) {
      discarded_ += static_cast<std::uint32_t>(n);
      if (discarded_ > kLingerBytes) break;
    } else if (n == 0 || errno != EAGAIN) {
      break;
    }
    if (n < 0 || i + 1 == kDiscardsPerTurn) {
      ArmRead();
      return;
    }
  }
  Close(CloseMode::kNormal);
}

void Connection::Drain() {
  if (!may_read()) return;
  if (session_->idle()) CloseIfIdle();
  if (!closed_) FileDeadline();
}

/// While draining: closes an idle connection, unless a request has arrived or may still be on its
/// way.
void Connection::CloseIfIdle() {
  if (HasInput()) return;  // will be read, and answered with `Connection: close`
  if (!received_any_) {
    if (io_deadline_ == TimePoint::max()) io_deadline_ = loop_.session_context.now + kDrainGrace;
    if (loop_.sweep_time < io_deadline_) return;
  }
  Close(CloseMode::kNormal);
}

TimePoint Connection::DueTime() const {
  if (!session_ || !pending_.empty()) return io_deadline_;
  return std::min(io_deadline_, session_->deadline());
}

void Connection::OnSwept() {
  if (closed_) return;
  Guard([this] {
    const TimePoint now = loop_.sweep_time;
    if (received_ == 0 && now >= DueTime()) {
      if (lingering_) {
        Close(CloseMode::kNormal);
      } else if (!pending_.empty() && KernelQueue() < kernel_queue_) {
        NoteWriteProgress();
      } else if (!pending_.empty()) {
        loop_.counters.timeouts.Add(1);
        Close(CloseMode::kReset);  // also frees what the kernel still holds for this client
      } else if (now >= io_deadline_) {
        io_deadline_ = now;
        CloseIfIdle();
        io_deadline_ = TimePoint::max();
      } else if (!(session_->idle() && HasInput())) {  // else a request has just arrived in time
        loop_.counters.timeouts.Add(1);
        Apply(session_->OnDeadline(loop_.write_buffers.cork()));
      }
    }
    if (closed_) return;
    // A deadline that has passed without an end is looked at again at the next tick.
    loop_.wheel.FileNoLater(*this, std::max(DueTime(), now));
  });
}

void Connection::EndWithError() {
  loop_.counters.read_errors.Add(1);
  Close(CloseMode::kNormal);
}

void Connection::Close(CloseMode mode) {
  if (closed_) return;
  closed_ = true;
  received_ = 0;
  if (mode == CloseMode::kReset) {
    const linger reset{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  }
  asio::error_code ignored;
  socket_.close(ignored);
  session_.reset();
  if (!pending_.empty()) loop_.write_buffers.GiveBack(std::move(pending_));
  loop_.wheel.Remove(*this);
  loop_.events.OnConnectionClosed(*this);
}

}  // namespace turbo::engine
