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

namespace turbo::engine {
namespace {

/// A connection that has more to read than one buffer is read so often before the others get their
/// turn.
constexpr int kReadsPerTurn = 4;

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
  loop_.write_buffers.ClearCork();
  Close(CloseMode::kReset);
}

void Connection::OnReadable(const asio::error_code& error) {
  read_armed_ = false;
  if (closed_ || error) return;
  Guard([this] {
    if (lingering_) {
      DiscardInput();
    } else if (pending_.empty() && state_ == SessionState::kReading) {
      ReadSome(Readiness::kReported);
    } else if (state_ == SessionState::kAwaitingApp) {
      // What came stays in the socket until the answer is out; only a reset counts now. A FIN does
      // not: the client may still be reading.
      char byte;
      if (::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno != EAGAIN && errno != EINTR) {
        EndWithError();
      }
    }
    if (!closed_) {
      drained_ = false;
      FileDeadline();
    }
  });
}

void Connection::ReadSome(Readiness readiness) {
  for (int i = 0; i < kReadsPerTurn; ++i) {
    const std::span<char> space = session_->ReadSpace();
    const ssize_t n = ::recv(fd_, space.data(), space.size(), MSG_DONTWAIT);
    if (n > 0) [[likely]] {
      const auto count = static_cast<std::size_t>(n);
      // A short read means that nothing is left, if a FIN that came with it would have been
      // reported.
      drained_ =
          count < space.size() && readiness == Readiness::kReported && !loop_.hook.peer_closing();
      received_any_ = true;
      io_deadline_ = TimePoint::max();
      loop_.counters.bytes_in.Add(count);
      Apply(session_->Receive(count, loop_.write_buffers.cork()));
      if (!may_read() || read_armed_) return;
      if (drained_) [[likely]] {
        ArmRead();
        return;
      }
    } else if (n == 0) {
      Apply(session_->ReceiveEof(loop_.write_buffers.cork()));
      if (may_read()) Close(CloseMode::kNormal);  // nothing more can come
      return;
    } else if (errno == EAGAIN) {
      drained_ = true;
      ArmRead();
      return;
    } else if (errno != EINTR) {
      EndWithError();
      return;
    }
  }
  ContinueReading();
}

/// Writes what the session has put into the cork, then does what it asks for. Going on to read
/// (may_read()) is left to the caller, who knows what is left in the socket.
void Connection::Apply(SessionState state) {
  state_ = state;
  if (state == SessionState::kAborted) [[unlikely]] {
    loop_.write_buffers.ClearCork();
    Close(CloseMode::kReset);
    return;
  }
  if (!loop_.write_buffers.cork().empty() && !WriteOut()) return;
  if (state == SessionState::kReading && !loop_.session_context.draining) [[likely]]
    return;
  Proceed();
}

/// True: all was written. False: the rest waits for room in the socket, or the connection has
/// ended.
bool Connection::WriteOut() {
  OutputBuffer& cork = loop_.write_buffers.cork();
  ssize_t n;
  do {
    n = ::send(fd_, cork.data(), cork.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);
  if (n == static_cast<ssize_t>(cork.size())) [[likely]] {
    loop_.counters.bytes_out.Add(cork.size());
    loop_.write_buffers.ClearCork();
    return true;
  }
  if (n < 0 && errno != EAGAIN) {
    loop_.write_buffers.ClearCork();
    EndWithError();
    return false;
  }
  const std::size_t sent = n < 0 ? 0 : static_cast<std::size_t>(n);
  loop_.counters.bytes_out.Add(sent);
  cork.Consume(sent);
  pending_ = loop_.write_buffers.TakeCork();
  NoteWriteProgress();
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
  if (closed_ || error) return;
  Guard([this] {
    ssize_t n;
    do {
      n = ::send(fd_, pending_.data(), pending_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && errno != EAGAIN) {
      EndWithError();
      return;
    }
    if (n > 0) {
      loop_.counters.bytes_out.Add(static_cast<std::size_t>(n));
      pending_.Consume(static_cast<std::size_t>(n));
      NoteWriteProgress();
    }
    if (!pending_.empty()) {
      ArmWrite();
    } else {
      loop_.write_buffers.GiveBack(std::move(pending_));
      io_deadline_ = TimePoint::max();
      Proceed();
    }
    if (!closed_) FileDeadline();
  });
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

/// Reads on, now or in the next turn. Does nothing if a watch is set already.
void Connection::ContinueReading() {
  if (read_armed_) return;
  if (drained_) {
    ArmRead();
    return;
  }
  deferred_read_ = true;
  loop_.events.Defer(*this);
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
      if (may_read()) ContinueReading();
    } else if (read && may_read() && !read_armed_) {
      ReadSome(Readiness::kUnknown);
    }
    if (!closed_) {
      drained_ = false;
      FileDeadline();
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
  return ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
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
  std::array<char, 16 * 1024> waste;
  for (int i = 0; i < kReadsPerTurn; ++i) {
    const ssize_t n = ::recv(fd_, waste.data(), waste.size(), MSG_DONTWAIT);
    if (n > 0) {
      discarded_ += static_cast<std::uint32_t>(n);
      if (discarded_ > kLingerBytes) break;
    } else if (n < 0 && errno == EAGAIN) {
      ArmRead();
      return;
    } else if (n == 0 || errno != EINTR) {
      break;
    }
    if (i + 1 == kReadsPerTurn) {
      ArmRead();
      return;
    }
  }
  Close(CloseMode::kNormal);
}

void Connection::Drain() {
  if (closed_ || lingering_ || !pending_.empty() || state_ != SessionState::kReading) return;
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
    if (now >= DueTime()) {
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
        if (may_read()) ContinueReading();
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
