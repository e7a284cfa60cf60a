// The input side of HttpSession: its calls, and from bytes to a request's head. Bodies are in
// session_body.cc, answers in session_answer.cc and session_response.cc.
#include "engine/http/http_session.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "engine/http/head_check.h"
#include "engine/http/request_storage.h"

namespace turbo::engine {
namespace {

/// Pipelined requests are answered until this much output has gathered.
constexpr std::size_t kHighWater = 256 * 1024;
/// What is asked of the space for the rest of a head.
constexpr std::uint32_t kMinRoom = 512;
/// First buffer of a head that outgrows the session.
constexpr std::size_t kFirstBlock = 16 * 1024;

constexpr int kBadRequest = 400;
constexpr int kRequestTimeout = 408;
constexpr int kUnavailable = 503;

}  // namespace

HttpSession::HttpSession(SessionContext& context, SessionDriver& driver, const PeerAddress* peer)
    : context_(context),
      driver_(driver),
      peer_(peer),
      mark_(context.now),
      parser_(context.limits) {}

HttpSession::~HttpSession() {
  if (storage_ == nullptr) return;
  if (phase_ == Phase::kHandling && !storage_->exchange.responded_) {
    context_.gateway.Abandoned(storage_->exchange);
  }
  if (phase_ == Phase::kHandling || phase_ == Phase::kStreaming) EndExchange();
  DropRequest();
}

std::span<char> HttpSession::ReadSpace() {
  if (phase_ == Phase::kClosed) return inline_;  // what lingers is discarded
  if (phase_ == Phase::kBody && body_mode_ == BodyMode::kDirect) {
    const PooledBuffer& body = storage_->body;
    const std::uint64_t size = std::min<std::uint64_t>(body.capacity(), parser_.content_length());
    return {body.data() + storage_->body_size,
            static_cast<std::size_t>(size) - storage_->body_size};
  }
  return {buffer_ + end_, capacity_ - end_};
}

SessionState HttpSession::Receive(std::size_t n, OutputBuffer& out) {
  if (phase_ == Phase::kClosed) return state_;
  assert(n <= ReadSpace().size());
  out_ = &out;
  finished_ = 0;
  if (phase_ == Phase::kBody && body_mode_ == BodyMode::kDirect) {
    if (!ReadDirectBody(n)) {
      out_ = nullptr;
      return state_;
    }
    return Process();
  }
  filled_ = n == capacity_ - end_;
  end_ += static_cast<std::uint32_t>(n);
  // Read ahead while an answer is under way: kept for later.
  if (phase_ == Phase::kHandling || phase_ == Phase::kStreaming) {
    out_ = nullptr;
    return state_;
  }
  return Process();
}

SessionState HttpSession::ReceiveEof(OutputBuffer& out) {
  eof_ = true;  // a client may close its side and still wait for the answers (RFC 9112 §9.6)
  if (phase_ == Phase::kClosed || phase_ == Phase::kHandling || phase_ == Phase::kStreaming ||
      state_ == SessionState::kBlocked) {
    return state_;
  }
  out_ = &out;
  Close(SessionState::kClosing);
  out_ = nullptr;
  return state_;
}

SessionState HttpSession::Resume(OutputBuffer& out) {
  if (phase_ == Phase::kClosed) return state_;
  out_ = &out;
  finished_ = 0;
  if (phase_ == Phase::kHandling && storage_->exchange.responded_) TakeDeferred();
  return Process();
}

SessionState HttpSession::OnDeadline(OutputBuffer& out) {
  if (phase_ == Phase::kClosed || deadline() > context_.now) return state_;
  out_ = &out;
  if (phase_ == Phase::kOpening || phase_ == Phase::kIdle) {
    Close(SessionState::kClosing);
  } else {
    Refuse(kRequestTimeout);
  }
  out_ = nullptr;
  return state_;
}

TimePoint HttpSession::deadline() const {
  const auto after = [this](std::chrono::milliseconds timeout) {
    return timeout.count() > 0 ? mark_ + timeout : TimePoint::max();
  };
  switch (phase_) {
    case Phase::kOpening:
    case Phase::kHead:
    case Phase::kMethod:
      return after(context_.timeouts.header);
    case Phase::kIdle:
      return after(context_.timeouts.keep_alive);
    case Phase::kBody:
      return after(context_.timeouts.body);
    case Phase::kHandling:
    case Phase::kStreaming:
    case Phase::kClosed:
      break;
  }
  return TimePoint::max();
}

bool HttpSession::idle() const {
  return (phase_ == Phase::kIdle || phase_ == Phase::kOpening) && begin_ == end_;
}

SessionState HttpSession::Process() {
  while (Advance()) {
  }
  out_ = nullptr;
  return state_;
}

bool HttpSession::Stop(SessionState state) {
  state_ = state;
  return false;
}

bool HttpSession::Advance() {
  switch (phase_) {
    case Phase::kOpening:
    case Phase::kIdle:
      return BeginRequest();
    case Phase::kHead:
      return ReadHead();
    case Phase::kMethod:
      return JudgeMethod();
    case Phase::kBody:
      return ReadBody();
    case Phase::kHandling:
      return Stop(SessionState::kAwaitingApp);
    case Phase::kStreaming:
      return Pump();
    case Phase::kClosed:
      break;
  }
  return false;
}

bool HttpSession::BeginRequest() {
  if (out_->size() >= kHighWater) return Stop(SessionState::kBlocked);
  // Empty lines before a request are tolerated (RFC 9112 §2.2), but they do not count as its
  // beginning: who sends nothing else is still idle.
  while (begin_ != end_ && (buffer_[begin_] == '\r' || buffer_[begin_] == '\n')) [[unlikely]] {
    if (buffer_[begin_] == '\n') return Refuse(kBadRequest);
    if (end_ - begin_ == 1) {
      buffer_[0] = '\r';
      begin_ = 0;
      end_ = 1;
      return eof_ ? Close(SessionState::kClosing) : Stop(SessionState::kReading);
    }
    if (buffer_[begin_ + 1] != '\n') return Refuse(kBadRequest);
    begin_ += 2;
  }
  if (begin_ == end_) {
    begin_ = fed_ = end_ = 0;
    if (eof_) return Close(SessionState::kClosing);
    if (storage_ != nullptr) ReleaseStorage();
    pipelines_ = finished_ > 1 && (filled_ || pipelines_);
    if (buffer_ != inline_) UseInlineBuffer();
    return Stop(SessionState::kReading);
  }
  if (storage_ == nullptr) {
    storage_ = context_.buffers.AcquireStorage();
    storage_->exchange.session_ = this;
  }
  parser_.Begin(storage_->head);
  fed_ = begin_;
  mark_ = context_.now;
  phase_ = Phase::kHead;
  return true;
}

void HttpSession::UseInlineBuffer() {
  if (pipelines_) return;  // what comes next is likely to need the bigger one again
  block_.Release();
  buffer_ = inline_;
  capacity_ = kInlineBuffer;
}

bool HttpSession::ReadHead() {
  const HttpParser::Event event = parser_.Feed(buffer_ + fed_, end_ - fed_);
  fed_ = static_cast<std::uint32_t>(parser_.position() - buffer_);
  // Size comes before syntax, so that the verdict does not depend on how the bytes were cut.
  if (const int status = CheckHeadSize({buffer_ + begin_, fed_ - begin_}, context_.limits);
      status != 0) [[unlikely]] {
    return Refuse(status);
  }
  if (event == HttpParser::Event::kNeedMore) return WaitForHead();
  if (event == HttpParser::Event::kError) [[unlikely]]
    return RefuseUnparsed();

  Request& request = storage_->exchange.request_;
  const HeadVerdict verdict = CheckHead(parser_, storage_->head, request);
  request.peer = peer_;
  storage_->head_complete = true;
  if (verdict.refusal != 0) [[unlikely]]
    return Refuse(verdict.refusal);
  if (event == HttpParser::Event::kHead) return BeginBody(verdict.expects_continue);
  storage_->complete = true;
  return Dispatch();
}

bool HttpSession::RefuseUnparsed() {
  if (parser_.error() != HttpParser::Error::kUnknownMethod)
    return Refuse(StatusOf(parser_.error()));
  phase_ = Phase::kMethod;
  return true;
}

bool HttpSession::JudgeMethod() {
  fed_ = end_;
  const std::string_view line(buffer_ + begin_, end_ - begin_);
  // A method is part of the request line, whose limit it cannot outgrow.
  const std::string_view judged = line.substr(0, context_.limits.max_request_line);
  if (const int status = JudgeUnknownMethod(judged); status != 0) return Refuse(status);
  if (const int status = CheckHeadSize(line, context_.limits); status != 0) return Refuse(status);
  return WaitForHead();
}

bool HttpSession::WaitForHead() {
  if (eof_) return Close(SessionState::kClosing);
  if (filled_ && finished_ > 1) pipelines_ = true;
  if (!MakeRoom()) return Refuse(kUnavailable);
  return Stop(SessionState::kReading);
}

bool HttpSession::MakeRoom() {
  if (capacity_ - end_ >= kMinRoom) [[likely]]
    return true;
  const std::uint32_t used = end_ - begin_;
  const char* const from = buffer_ + begin_;
  if (used <= capacity_ / 2 && (!pipelines_ || buffer_ != inline_)) {
    std::memmove(buffer_, from, used);
    storage_->head.Rebase(from, buffer_);
  } else {
    PooledBuffer bigger =
        context_.buffers.Acquire(std::max<std::size_t>(kFirstBlock, capacity_ * 2UL));
    if (!bigger) return false;
    std::memcpy(bigger.data(), from, used);
    storage_->head.Rebase(from, bigger.data());
    block_ = std::move(bigger);
    buffer_ = block_.data();
    capacity_ = static_cast<std::uint32_t>(block_.capacity());
  }
  fed_ -= begin_;
  begin_ = 0;
  end_ = used;
  return true;
}

}  // namespace turbo::engine
