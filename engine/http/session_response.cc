// What an application answers with: Exchange's calls, and bodies that are made while they are sent.
#include <algorithm>
#include <cassert>
#include <charconv>
#include <chrono>
#include <cstring>

#include "engine/http/http_session.h"
#include "engine/http/request_storage.h"

namespace turbo::engine {
namespace {

/// A stream's source is asked for more while less than this is waiting to be sent.
constexpr std::size_t kLowWater = 64 * 1024;
/// A source that takes longer than this for a piece has the piece sent before it is asked again:
/// what was made slowly is not held back.
constexpr std::chrono::microseconds kSlowSource{100};
constexpr std::size_t kMaxChunkDigits = 16;
constexpr std::uint8_t kMaxLengthDigits = 20;
constexpr std::size_t kBehindLength =
    4;  ///< CRLF CRLF between Content-Length's digits and the body

/// RFC 9110 §6.4.1, §15.3.6.
bool HasNoBody(int status) {
  return status < 200 || status == 204 || status == 205 || status == 304;
}

std::size_t CountHexDigits(std::uint64_t value) {
  std::size_t digits = 1;
  for (; value >= 16; value /= 16) ++digits;
  return digits;
}

/// Makes a gap of `to` bytes of the one of `from` bytes at offset `at`.
void ResizeGap(OutputBuffer& out, std::size_t at, std::size_t from, std::size_t to) {
  const std::size_t tail = out.size() - at - from;
  if (to > from) {
    out.Reserve(to - from);
    std::memmove(out.data() + at + to, out.data() + at + from, tail);
    out.Commit(to - from);
  } else if (to < from) {
    std::memmove(out.data() + at + to, out.data() + at + from, tail);
    out.Truncate(at + to + tail);
  }
}

}  // namespace

void Exchange::Respond(const ResponseHead& head, std::string_view body) {
  session_->Respond(head, body);
}
OutputBuffer& Exchange::BeginBody(const ResponseHead& head, std::uint8_t& length_digits) {
  return session_->BeginResponseBody(head, length_digits);
}
void Exchange::EndBody() { session_->EndResponseBody(); }
void Exchange::AbandonBody() { session_->AbandonResponseBody(); }
void Exchange::Stream(const ResponseHead& head, std::unique_ptr<BodySource> source) {
  session_->StartStream(head, std::move(source));
}
void Exchange::ContinueStream() { session_->ContinueStream(); }

OutputBuffer& HttpSession::Output() { return out_ != nullptr ? *out_ : storage_->deferred; }

void HttpSession::WriteResponseHead(const ResponseHead& head, const FieldScan& scan,
                                    HeadPlan plan) {
  const Request& request = storage_->exchange.request_;
  ResponseState& response = storage_->response;
  response.status = head.status;
  response.framing = plan.framing;
  response.close = response.close || scan.close || !request.keep_alive || !storage_->complete ||
                   context_.draining || context_.timeouts.keep_alive.count() == 0;
  if (response.close) {
    plan.connection = ConnectionField::kClose;
  } else if (request.version_minor == 0) {
    plan.connection = ConnectionField::kKeepAlive;  // the client asked for it
  }
  context_.date.Refresh(context_.now);
  WriteHead(Output(), context_.date, head, scan, plan);
}

void HttpSession::SignalProgress() {
  if (out_ == nullptr) driver_.OnAppProgress();
}

void HttpSession::Respond(const ResponseHead& head, std::string_view body) {
  Exchange& exchange = storage_->exchange;
  assert(!exchange.responded_ && head.status >= 200);
  if (exchange.responded_) return;
  const FieldScan scan = ScanFields(head.headers);
  const bool head_only = exchange.request_.method == Method::kHead;
  HeadPlan plan{Framing::kLength, ConnectionField::kAbsent, body.size()};
  if (HasNoBody(head.status)) [[unlikely]] {
    if (head.status == 205) {
      plan.length = 0;
    } else if (head.status == 304 && (scan.content_length || !body.empty())) {
      plan.length = scan.content_length.value_or(body.size());
    } else {
      plan.framing = Framing::kNone;
    }
    body = {};
  } else if (head_only) {
    // What GET would send: known only to the application if it gave no body.
    if (body.empty()) plan.length = scan.content_length.value_or(0);
    body = {};
  }
  WriteResponseHead(head, scan, plan);
  Output().Append(body);
  storage_->response.body_bytes = body.size();
  exchange.responded_ = true;
  SignalProgress();
}

OutputBuffer& HttpSession::BeginResponseBody(const ResponseHead& head,
                                             std::uint8_t& length_digits) {
  assert(!storage_->exchange.responded_ && head.status >= 200);
  ResponseState& response = storage_->response;
  const FieldScan scan = ScanFields(head.headers);
  HeadPlan plan;
  if (!HasNoBody(head.status)) {
    length_digits = std::clamp<std::uint8_t>(length_digits, 1, kMaxLengthDigits);
    plan.framing = Framing::kLengthLater;
    plan.length = length_digits;
  } else if (head.status == 205 || (head.status == 304 && scan.content_length)) {
    plan.framing = Framing::kLength;
    plan.length = head.status == 205 ? 0 : *scan.content_length;
  }
  OutputBuffer& out = Output();
  response.head_at = out.size();
  response.length_digits = &length_digits;
  WriteResponseHead(head, scan, plan);
  response.body_at = out.size();
  return out;
}

void HttpSession::EndResponseBody() {
  Exchange& exchange = storage_->exchange;
  ResponseState& response = storage_->response;
  OutputBuffer& out = Output();
  std::size_t length = out.size() - response.body_at;
  if (response.framing == Framing::kLengthLater) {
    const std::size_t guess = *response.length_digits;
    const std::size_t digits = CountDigits(length);
    const std::size_t digits_at = response.body_at - kBehindLength - guess;
    if (digits != guess) [[unlikely]] {
      ResizeGap(out, digits_at, guess, digits);
      response.body_at = response.body_at - guess + digits;
      *response.length_digits = static_cast<std::uint8_t>(digits);
    }
    char* to = out.data() + digits_at;
    std::to_chars(to, to + digits, length);
  }
  if (exchange.request_.method == Method::kHead || HasNoBody(response.status)) {
    out.Truncate(response.body_at);
    length = 0;
  }
  response.body_bytes = length;
  exchange.responded_ = true;
  SignalProgress();
}

void HttpSession::AbandonResponseBody() {
  Output().Truncate(storage_->response.head_at);
  // A Connection: close of the abandoned head does not bind the next one.
  storage_->response.close = false;
}

void HttpSession::StartStream(const ResponseHead& head, std::unique_ptr<BodySource> source) {
  Exchange& exchange = storage_->exchange;
  ResponseState& response = storage_->response;
  assert(!exchange.responded_ && head.status >= 200);
  if (exchange.responded_) return;
  const FieldScan scan = ScanFields(head.headers);
  HeadPlan plan;
  if (HasNoBody(head.status)) {
    source.reset();
    if (head.status == 205 || (head.status == 304 && scan.content_length)) {
      plan.framing = Framing::kLength;
      plan.length = head.status == 205 ? 0 : *scan.content_length;
    }
  } else if (scan.content_length) {
    plan.framing = Framing::kLength;
    plan.length = *scan.content_length;
  } else if (exchange.request_.version_minor != 0) {
    plan.framing = Framing::kChunked;
  } else {
    response.close = true;  // the end of the connection ends the body
  }
  if (exchange.request_.method == Method::kHead) source.reset();
  WriteResponseHead(head, scan, plan);
  response.source = std::move(source);
  response.remaining = plan.length;
  exchange.responded_ = true;
  SignalProgress();
}

void HttpSession::ContinueStream() {
  progress_ = true;
  SignalProgress();
}

bool HttpSession::Pump() {
  ResponseState& response = storage_->response;
  int empty_rounds = 0;
  while (out_->size() < kLowWater) {
    progress_ = false;
    const std::size_t before = out_->size();
    const auto start = std::chrono::steady_clock::now();
    switch (ProduceChunk()) {
      case BodySource::Status::kDone:
        if (response.framing == Framing::kLength && response.remaining != 0) return CutOff();
        if (response.framing == Framing::kChunked) out_->Append("0\r\n\r\n");
        response.source.reset();
        return Finish();
      case BodySource::Status::kFailed:
        return CutOff();
      case BodySource::Status::kWait:
        if (progress_) continue;  // it went on while it produced
        return Stop(SessionState::kAwaitingApp);
      case BodySource::Status::kMore:
        break;
    }
    const bool first = !std::exchange(response.produced, true);
    constexpr int kMaxEmptyRounds = 16;
    if (out_->size() == before) {
      // Nothing came: let others have the loop before asking for ever.
      if (++empty_rounds == kMaxEmptyRounds) break;
    } else if (first || std::chrono::steady_clock::now() - start > kSlowSource) {
      break;
    }
  }
  return Stop(SessionState::kBlocked);
}

/// Lets the source write one piece, framed as a chunk where need be.
BodySource::Status HttpSession::ProduceChunk() {
  ResponseState& response = storage_->response;
  OutputBuffer& out = *out_;
  const bool chunked = response.framing == Framing::kChunked;
  const std::size_t size_at = out.size();
  const std::size_t guess = response.chunk_digits;
  if (chunked) {
    // The source writes behind the room for the chunk's size, which is right if the last one had as
    // many digits.
    out.Reserve(guess + 2);
    out.Commit(guess + 2);
  }
  const std::size_t data_at = out.size();
  const BodySource::Status status = response.source->Produce(out);
  const std::size_t size = out.size() - data_at;
  response.body_bytes += size;
  if (response.framing == Framing::kLength) {
    if (size > response.remaining) return BodySource::Status::kFailed;
    response.remaining -= size;
  }
  if (!chunked) return status;
  if (size == 0) {  // an empty chunk would end the body
    out.Truncate(size_at);
    return status;
  }
  const std::size_t digits = CountHexDigits(size);
  if (digits != guess) {
    ResizeGap(out, size_at, guess, digits);
    response.chunk_digits = static_cast<std::uint8_t>(digits);
  }
  char* to = out.data() + size_at;
  to = std::to_chars(to, to + kMaxChunkDigits, size, 16).ptr;
  to[0] = '\r';
  to[1] = '\n';
  out.Append("\r\n");
  return status;
}

bool HttpSession::CutOff() {
  EndExchange();
  return Close(SessionState::kAborted);
}

}  // namespace turbo::engine
