// The output side of HttpSession: from a complete request to the end of its answer, and the answers
// that the engine gives itself. What the application answers with is in session_response.cc.
#include <cassert>

#include "engine/http/http_session.h"
#include "engine/http/inflight_gate.h"
#include "engine/http/request_storage.h"
#include "engine/http/status.h"
#include "engine/loop/access_log.h"

namespace turbo::engine {
namespace {

constexpr std::string_view kJson = "application/json";

std::uint64_t MicrosecondsSince(std::chrono::steady_clock::time_point start) {
  const auto elapsed = std::chrono::steady_clock::now() - start;
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count());
}

/// What turbo as a whole may allow, for `OPTIONS *` (RFC 9110 §9.3.7).
MethodSet CommonMethods() {
  MethodSet methods;
  for (const Method method : {Method::kGet, Method::kHead, Method::kPost, Method::kPut,
                              Method::kPatch, Method::kDelete}) {
    methods.Add(method);
  }
  return methods;
}

}  // namespace

void HttpSession::Match() {
  Exchange& exchange = storage_->exchange;
  const Request& request = exchange.request_;
  storage_->matched = true;
  if (request.path == "*") [[unlikely]] {
    exchange.match_.status = MatchStatus::kOptions;
    exchange.match_.allowed = CommonMethods();
    return;
  }
  context_.gateway.router().Match(request.method, request.path, exchange.match_);
}

bool HttpSession::Dispatch() {
  Exchange& exchange = storage_->exchange;
  if (storage_->complete) context_.counters.requests.Add(1);
  if (!storage_->matched) Match();
  exchange.responded_ = false;
  exchange.user_data = nullptr;
  phase_ = Phase::kHandling;
  context_.counters.in_flight.Add(1);
  if (context_.access_log != nullptr) {
    storage_->response.started = std::chrono::steady_clock::now();
  }
  if (exchange.match_.status != MatchStatus::kFound) [[unlikely]] {
    AnswerUnmatched();
  } else if (context_.inflight_gate != nullptr && !context_.inflight_gate->TryEnter()) {
    const HeaderField retry{"Retry-After", "1"};
    AnswerError(503, {&retry, 1});
  } else {
    storage_->in_gate = context_.inflight_gate != nullptr;
    context_.gateway.Handle(exchange);
    if (!exchange.responded_) return Stop(SessionState::kAwaitingApp);
  }
  return Answered();
}

bool HttpSession::Answered() {
  if (storage_->response.source == nullptr) return Finish();
  phase_ = Phase::kStreaming;
  return true;
}

void HttpSession::AnswerUnmatched() {
  const Exchange& exchange = storage_->exchange;
  const MatchResult& match = exchange.match_;
  switch (match.status) {
    case MatchStatus::kMethodNotAllowed: {
      const std::string allowed = AllowField(match.allowed);
      const HeaderField allow{"Allow", allowed};
      return AnswerError(405, {&allow, 1});
    }
    case MatchStatus::kOptions: {
      const std::string allowed = AllowField(match.allowed);
      const HeaderField allow{"Allow", allowed};
      return Respond({.status = 204, .content_type = {}, .headers = {&allow, 1}}, {});
    }
    case MatchStatus::kRedirect: {
      // "//host" would send the client elsewhere (RFC 3986 §4.2).
      if (match.location.starts_with("//")) break;
      std::string location = match.location;
      if (!exchange.request_.query.empty()) location.append("?").append(exchange.request_.query);
      const HeaderField field{"Location", location};
      return Respond({.status = 307, .content_type = {}, .headers = {&field, 1}}, {});
    }
    case MatchStatus::kBadPath:
      return AnswerError(400);
    case MatchStatus::kFound:
    case MatchStatus::kNotFound:
      break;
  }
  AnswerError(404);
}

void HttpSession::AnswerError(int status, std::span<const HeaderField> headers) {
  Respond({.status = status, .content_type = kJson, .headers = headers}, ErrorBody(status).view());
}

bool HttpSession::Refuse(int status) {
  const ErrorBody body(status);
  const bool head_known = storage_ != nullptr && storage_->head_complete;
  context_.date.Refresh(context_.now);
  WriteHead(*out_, context_.date, {.status = status, .content_type = kJson, .headers = {}}, {},
            {Framing::kLength, ConnectionField::kClose, body.view().size()});
  const bool head_only = head_known && storage_->exchange.request_.method == Method::kHead;
  if (!head_only) out_->Append(body.view());
  context_.counters.responses[status / 100].Add(1);
  if (head_known && context_.access_log != nullptr) {
    context_.access_log->Record(storage_->exchange.request_, status,
                                head_only ? 0 : body.view().size(), 0);
  }
  return Close(SessionState::kLingering);
}

void HttpSession::TakeDeferred() {
  OutputBuffer& deferred = storage_->deferred;
  constexpr std::size_t kCheapToCopy = 16 * 1024;
  if (out_->empty() && deferred.size() > kCheapToCopy) {
    std::swap(*out_, deferred);
  } else {
    out_->Append(deferred.view());
  }
  deferred.Clear();
  Answered();
}

void HttpSession::EndExchange() {
  const Exchange& exchange = storage_->exchange;
  const ResponseState& response = storage_->response;
  context_.counters.in_flight.Subtract(1);
  if (storage_->in_gate) context_.inflight_gate->Leave();
  if (!exchange.responded_) return;
  const auto status_class = static_cast<std::size_t>(response.status) / 100;
  context_.counters
      .responses[status_class < std::size(context_.counters.responses) ? status_class : 0]
      .Add(1);
  if (context_.access_log != nullptr) {
    context_.access_log->Record(exchange.request_, response.status, response.body_bytes,
                                MicrosecondsSince(response.started));
  }
}

bool HttpSession::Finish() {
  EndExchange();
  if (finished_ != UINT8_MAX) ++finished_;
  begin_ = fed_;
  if (storage_->response.close) {
    // Input that nobody will read would turn the close into a reset, which can destroy the answer
    // on its way.
    const bool unread = begin_ != end_ || !storage_->complete;
    return Close(unread ? SessionState::kLingering : SessionState::kClosing);
  }
  storage_->Reset();
  phase_ = Phase::kIdle;
  mark_ = context_.now;
  return true;
}

bool HttpSession::Close(SessionState state) {
  phase_ = Phase::kClosed;
  DropRequest();
  return Stop(state);
}

void HttpSession::DropRequest() {
  if (storage_ == nullptr) return;
  storage_->Reset();
  ReleaseStorage();
}

/// The storage was reset: by Finish(), or by DropRequest().
void HttpSession::ReleaseStorage() {
  context_.buffers.ReleaseStorage(storage_);
  storage_ = nullptr;
}

}  // namespace turbo::engine
