// The input side of HttpSession, continued: a request's body.
#include <algorithm>
#include <cstring>

#include "engine/http/head_check.h"
#include "engine/http/http_session.h"
#include "engine/http/request_storage.h"

namespace turbo::engine {
namespace {

/// What bodies of unknown length, and those that are discarded, are read into.
constexpr std::size_t kBlockSize = 16 * 1024;
/// A body's buffer is made in one piece up to this, and grows as bytes come beyond: a client that
/// only announces a body gets no more than this much address space.
constexpr std::uint64_t kMaxBodyAtOnce = 64 * 1024 * 1024;

constexpr int kContentTooLarge = 413;
constexpr int kUnavailable = 503;

}  // namespace

bool HttpSession::BeginBody(bool expects_continue) {
  const std::uint64_t length = parser_.content_length();
  if (!parser_.chunked() && length > context_.limits.max_body) return Refuse(kContentTooLarge);
  Match();
  const bool wanted = storage_->exchange.match_.status == MatchStatus::kFound;
  const bool nothing_yet = fed_ == end_;
  if (expects_continue && nothing_yet) {
    // The answer is known: the client need not send its body (RFC 9110 §10.1.1).
    if (!wanted) return Dispatch();
    out_->Append("HTTP/1.1 100 Continue\r\n\r\n");
  }
  if (!wanted) {
    body_mode_ = BodyMode::kDiscarded;
  } else if (parser_.chunked()) {
    body_mode_ = BodyMode::kChunked;
  } else if (length <= capacity_ - fed_) {
    body_mode_ = BodyMode::kInPlace;
  } else {
    body_mode_ = BodyMode::kDirect;
    storage_->body = context_.buffers.Acquire(std::min(length, kMaxBodyAtOnce));
    if (!storage_->body) return Refuse(kUnavailable);
  }
  phase_ = Phase::kBody;
  mark_ = context_.now;
  return true;
}

bool HttpSession::ReadBody() {
  if (fed_ == end_) return WaitForBody();
  const HttpParser::Event event = parser_.Feed(buffer_ + fed_, end_ - fed_);
  fed_ = static_cast<std::uint32_t>(parser_.position() - buffer_);
  return OnBodyEvent(event);
}

bool HttpSession::ReadDirectBody(std::size_t n) {
  return OnBodyEvent(parser_.Feed(storage_->body.data() + storage_->body_size, n));
}

bool HttpSession::OnBodyEvent(HttpParser::Event event) {
  if (const std::string_view piece = parser_.body_piece(); !piece.empty()) {
    mark_ = context_.now;  // bytes of framing do not extend the time
    if (!StoreBody(piece)) return false;
  }
  switch (event) {
    case HttpParser::Event::kNeedMore:
      return WaitForBody();
    case HttpParser::Event::kMessage:
      storage_->complete = true;
      if (body_mode_ == BodyMode::kDirect || body_mode_ == BodyMode::kChunked) {
        storage_->exchange.request_.body = {storage_->body.data(), storage_->body_size};
      }
      return Dispatch();
    case HttpParser::Event::kError:
      return Refuse(StatusOf(parser_.error()));
    case HttpParser::Event::kBody:
    case HttpParser::Event::kHead:
      break;
  }
  return true;
}

bool HttpSession::StoreBody(std::string_view piece) {
  const std::size_t size = storage_->body_size;
  if (piece.size() > context_.limits.max_body - size) return Refuse(kContentTooLarge);
  PooledBuffer& body = storage_->body;
  switch (body_mode_) {
    case BodyMode::kInPlace: {
      std::string_view& view = storage_->exchange.request_.body;
      view = {size == 0 ? piece.data() : view.data(), size + piece.size()};
      break;
    }
    case BodyMode::kDirect:
      if (piece.data() != body.data() + size)
        std::memcpy(body.data() + size, piece.data(), piece.size());
      break;
    case BodyMode::kChunked:
      if (size + piece.size() > body.capacity() &&
          !context_.buffers.Grow(body, size, std::max(size + piece.size(), body.capacity() * 2))) {
        return Refuse(kUnavailable);
      }
      std::memcpy(body.data() + size, piece.data(), piece.size());
      break;
    case BodyMode::kDiscarded:
      break;
  }
  storage_->body_size = size + piece.size();
  return true;
}

bool HttpSession::WaitForBody() {
  if (eof_) return Close(SessionState::kClosing);
  switch (body_mode_) {
    case BodyMode::kInPlace:
      break;
    case BodyMode::kDirect: {
      PooledBuffer& body = storage_->body;
      const std::uint64_t wanted =
          std::min<std::uint64_t>(parser_.content_length(), body.capacity() * 2);
      if (storage_->body_size == body.capacity() &&
          !context_.buffers.Grow(body, storage_->body_size, wanted)) {
        return Refuse(kUnavailable);
      }
      break;
    }
    case BodyMode::kChunked:
    case BodyMode::kDiscarded:
      // The head stays where it is, since views point into it; the rest is read into a block of its
      // own.
      if (!storage_->head_apart) {
        PooledBuffer block = context_.buffers.Acquire(kBlockSize);
        if (!block) return Refuse(kUnavailable);
        storage_->head_buffer = std::move(block_);
        storage_->head_apart = true;
        block_ = std::move(block);
        buffer_ = block_.data();
        capacity_ = static_cast<std::uint32_t>(block_.capacity());
      }
      begin_ = fed_ = end_ = 0;
      break;
  }
  return Stop(SessionState::kReading);
}

}  // namespace turbo::engine
