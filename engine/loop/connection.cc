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

constexpr std::uint32_t kReadEvents = EPOLLIN | EPOLLRDHUP;  // EPOLLHUP and EPOLLERR come unasked

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

Connection::Connection(LoopState& loop, UniqueFd fd, const PeerAddress& peer)
    : loop_(loop), socket_(std::move(fd)), peer_(peer) {}

bool Connection::Start() {
  if (!loop_.hook.Watch(socket_.get(), kReadEvents, *this)) {
    closed_ = true;
    return false;
  }
  session_.emplace(loop_.session_context, static_cast<SessionDriver&>(*this), &peer_);
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

void Connection::OnEvents(std::uint32_t events) noexcept {
  if (closed_) return;
  readable_ = readable_ || (events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0;
  ended_ = ended_ || (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  if (write_blocked_) {
    if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) Deliver();
    return;
  }
  if (!readable_) return;
  Guard([&] {
    if (lingering_) {
      DiscardInput();
    } else if (may_read()) {
      ReadSome();
    } else if (state_ == SessionState::kAwaitingApp && (events & (EPOLLHUP | EPOLLERR)) != 0) {
      // What came stays in the socket until the answer is out; only a reset counts now. A FIN does
      // not: the client may still be reading.
      char byte;
      if (ReceiveNow(socket_.get(), &byte, 1, MSG_PEEK) < 0 && errno != EAGAIN) EndWithError();
    }
  });
}

/// Reads once. What came is processed with that of other connections (LoopEvents::OnReceived).
void Connection::ReadSome() {
  const std::span<char> space = session_->ReadSpace();
  const ssize_t n = ReceiveNow(socket_.get(), space.data(), space.size());
  if (n > 0) [[likely]] {
    received_ = static_cast<std::uint32_t>(n);
    // A short read has emptied the socket, and whatever comes will be reported: no second read is
    // needed to learn that (epoll(7)). But if a FIN came together with the data, it was reported
    // with it.
    readable_ = ended_ || received_ == space.size();
    received_any_ = true;
    io_deadline_ = TimePoint::max();
    loop_.events.OnReceived(*this);
  } else if (n == 0) {
    Apply(session_->ReceiveEof(loop_.write_buffers.cork()));
    if (may_read()) Close(CloseMode::kNormal);  // nothing more can come
  } else if (errno == EAGAIN) {
    readable_ = false;
    FileDeadline();
  } else {
    EndWithError();
  }
}

void Connection::Process() {
  if (closed_) return;
  Guard([this] {
    const std::uint32_t received = std::exchange(received_, 0);
    loop_.counters.bytes_in.Add(received);
    state_ = session_->Receive(received, loop_.write_buffers.cork());
    pending_ = loop_.write_buffers.TakeCork();
  });
}

void Connection::Deliver() {
  if (closed_) return;
  Guard([this] {
    if (state_ == SessionState::kAborted) [[unlikely]] {
      Close(CloseMode::kReset);
      return;
    }
    if (pending_ != nullptr && !WritePending()) [[unlikely]] {
      if (!closed_) FileDeadline();
      return;
    }
    const bool only_wait =
        state_ == SessionState::kReading && !readable_ && !loop_.session_context.draining;
    if (!only_wait) [[unlikely]]
      Proceed();
    if (!closed_) FileDeadline();
  });
}

/// What the session said outside of a batch.
void Connection::Apply(SessionState state) {
  state_ = state;
  pending_ = loop_.write_buffers.TakeCork();
  Deliver();
}

/// True: all was written. False: the rest waits for room in the socket, or the connection has
/// ended.
bool Connection::WritePending() {
  const ssize_t n = SendNow(socket_.get(), pending_->data(), pending_->size());
  if (n == static_cast<ssize_t>(pending_->size())) [[likely]] {
    loop_.counters.bytes_out.Add(pending_->size());
    loop_.write_buffers.GiveBack(std::move(pending_));
    write_blocked_ = false;
    io_deadline_ = TimePoint::max();
    return true;
  }
  if (n < 0 && errno != EAGAIN) {
    EndWithError();
    return false;
  }
  if (n > 0) {
    loop_.counters.bytes_out.Add(static_cast<std::size_t>(n));
    pending_->Consume(static_cast<std::size_t>(n));
  }
  if (n > 0 || !write_blocked_) NoteWriteProgress();
  write_blocked_ = true;
  // Once asked for, room is reported whenever the kernel had to refuse some bytes.
  if (!std::exchange(watches_room_, true) &&
      !loop_.hook.Rewatch(socket_.get(), kReadEvents | EPOLLOUT, *this)) {
    EndWithError();
  }
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
  return ::ioctl(socket_.get(), SIOCOUTQ, &bytes) == 0 ? bytes : 0;
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
      if (app_progress_) loop_.events.Defer(*this);
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

/// Reads on when something is reported, or in the next turn if there is something already.
void Connection::ContinueReading() {
  if (readable_) loop_.events.Defer(*this);
}

void Connection::OnAppProgress() noexcept {
  app_progress_ = true;
  if (!closed_ && pending_ == nullptr) loop_.events.Defer(*this);
}

void Connection::RunDeferred() {
  if (closed_ || pending_ != nullptr) return;
  Guard([this] {
    const bool app_progress = std::exchange(app_progress_, false);
    if (lingering_) {
      DiscardInput();
    } else if (state_ == SessionState::kBlocked ||
               (state_ == SessionState::kAwaitingApp && app_progress)) {
      Apply(session_->Resume(loop_.write_buffers.cork()));
    } else if (readable_ && may_read()) {
      ReadSome();
    }
  });
}

bool Connection::HasInput() const {
  char byte;
  return ReceiveNow(socket_.get(), &byte, 1, MSG_PEEK) > 0;
}

/// Closes after the last answer; lingers if the client has sent something more, which a plain close
/// would answer with a reset.
void Connection::CloseGently() {
  if (readable_ && HasInput()) {
    StartLingering();
  } else {
    Close(CloseMode::kNormal);
  }
}

void Connection::StartLingering() {
  if (::shutdown(socket_.get(), SHUT_WR) != 0) {
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
  for (int i = 0; i < kDiscardsPerTurn; ++i) {
    const ssize_t n = ReceiveNow(socket_.get(), waste.data(), waste.size());
    if (n > 0) {
      discarded_ += static_cast<std::uint32_t>(n);
      if (discarded_ > kLingerBytes) break;
    } else if (n < 0 && errno == EAGAIN) {
      readable_ = false;
      return;
    } else {
      break;
    }
    if (i + 1 == kDiscardsPerTurn) {
      loop_.events.Defer(*this);
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
  if (!session_ || pending_ != nullptr) return io_deadline_;
  return std::min(io_deadline_, session_->deadline());
}

void Connection::OnSwept() {
  if (closed_) return;
  Guard([this] {
    const TimePoint now = loop_.sweep_time;
    if (received_ == 0 && now >= DueTime()) {
      if (lingering_) {
        Close(CloseMode::kNormal);
      } else if (pending_ != nullptr && KernelQueue() < kernel_queue_) {
        NoteWriteProgress();
      } else if (pending_ != nullptr) {
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
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  }
  loop_.hook.Unwatch(socket_.get());
  socket_.Reset();
  session_.reset();
  if (pending_ != nullptr) loop_.write_buffers.GiveBack(std::move(pending_));
  loop_.wheel.Remove(*this);
  loop_.events.OnConnectionClosed(*this);
}

}  // namespace turbo::engine
