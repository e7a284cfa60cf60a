// The HTTP side of one connection, without a socket: bytes in, bytes out (RFC 9110, RFC 9112). The
// event-loop connection, the unit tests and the fuzzers drive the same object. One thread: that of
// its loop.
//
// A driver reads into ReadSpace() and calls Receive(); the session parses, matches, calls the
// gateway and appends to `out` all that this read produced. The returned state says what the driver
// does once `out` is written.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>

#include "engine/app_gateway.h"
#include "engine/http/buffer_pool.h"
#include "engine/http/http_parser.h"
#include "engine/http/limits.h"
#include "engine/http/output_buffer.h"
#include "engine/loop/loop_counters.h"

namespace turbo::engine {

class AccessLog;
class DateCache;
struct FieldScan;
struct HeadPlan;
struct RequestStorage;
class InflightGate;

using TimePoint = std::chrono::steady_clock::time_point;

/// What all sessions of one loop share. Outlives them.
struct SessionContext {
  const HttpLimits& limits;
  const HttpTimeouts& timeouts;
  AppGateway& gateway;
  BufferPool& buffers;
  DateCache& date;
  LoopCounters& counters;
  AccessLog* access_log = nullptr;        ///< null: off
  InflightGate* inflight_gate = nullptr;  ///< null: no limit
  TimePoint now{};                        ///< of this turn of the loop; the driver keeps it fresh
  bool draining = false;                  ///< answer with `Connection: close` from now on
};

enum class SessionState {
  kReading,      ///< write `out`, read more
  kBlocked,      ///< write `out` first, all of it, then call Resume()
  kAwaitingApp,  ///< write `out`; the application answers later (SessionDriver::OnAppProgress)
  kClosing,      ///< write `out`, close
  kLingering,  ///< write `out`, shut down sending, discard input for a while, close (RFC 9112 §9.6)
  kAborted,    ///< close at once, with a reset: a body could not be completed
};

/// What a session asks of whoever drives it.
class SessionDriver {
 public:
  /// A kept exchange was answered, or a waiting BodySource can go on: call Resume() soon, not from
  /// here.
  virtual void OnAppProgress() noexcept = 0;

 protected:
  ~SessionDriver() = default;
};

class HttpSession {
 public:
  HttpSession(SessionContext& context, SessionDriver& driver, const PeerAddress* peer);
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;
  ~HttpSession();

  /// Where the next bytes go; never empty in state kReading. Valid until the next call.
  std::span<char> ReadSpace();
  /// `n` bytes were placed in ReadSpace().
  SessionState Receive(std::size_t n, OutputBuffer& out);
  /// The peer sent FIN.
  SessionState ReceiveEof(OutputBuffer& out);
  /// Goes on after kBlocked or OnAppProgress().
  SessionState Resume(OutputBuffer& out);
  /// deadline() has passed.
  SessionState OnDeadline(OutputBuffer& out);

  /// When OnDeadline() is due; TimePoint::max() for never. Computed from SessionContext::now of the
  /// last calls.
  [[nodiscard]] TimePoint deadline() const;
  /// Between requests with nothing buffered: may be closed without loss.
  [[nodiscard]] bool idle() const;

  /// Room for a request in the session itself; what is longer moves to a pooled buffer.
  static constexpr std::size_t kInlineBuffer = 2048;

 private:
  friend class Exchange;

  enum class Phase : std::uint8_t {
    kOpening,    ///< nothing was received yet
    kIdle,       ///< between requests
    kHead,       ///< in a request's head
    kMethod,     ///< the method is unknown: more bytes tell whether it is one at all
    kBody,       ///< in its body
    kHandling,   ///< in AppGateway::Handle, or the application answers later
    kStreaming,  ///< the answer's body comes from a BodySource
    kClosed,     ///< state_ is final
  };

  /// Where the bytes of a body go.
  enum class BodyMode : std::uint8_t {
    kInPlace,    ///< all of it fits into the read buffer, behind the head
    kDirect,     ///< read straight into the body's buffer
    kChunked,    ///< decoded into the body's buffer
    kDiscarded,  ///< nobody wants it: the answer is an error
  };

  // http_session.cc and session_body.cc: input. Each step returns whether there is more to do at
  // once; if not, state_ says why.
  SessionState Process();
  bool Advance();
  bool BeginRequest();
  bool ReadHead();
  bool JudgeMethod();
  bool RefuseUnparsed();
  bool WaitForHead();
  bool BeginBody(bool expects_continue);
  bool ReadBody();
  bool ReadDirectBody(std::size_t n);
  bool OnBodyEvent(HttpParser::Event event);
  bool StoreBody(std::string_view piece);
  bool WaitForBody();
  bool Stop(SessionState state);
  bool MakeRoom();
  void UseInlineBuffer();

  // session_answer.cc: dispatch and the end of answers.
  void Match();
  bool Dispatch();
  bool Answered();
  void AnswerUnmatched();
  void AnswerError(int status, std::span<const HeaderField> headers = {});
  bool Refuse(int status);
  void TakeDeferred();
  bool Finish();
  bool Close(SessionState state);
  void EndExchange();
  void DropRequest();
  void ReleaseStorage();

  // session_response.cc: what the application answers with.
  [[nodiscard]] OutputBuffer& Output();
  void WriteResponseHead(const ResponseHead& head, const FieldScan& scan, HeadPlan plan);
  void SignalProgress();
  void Respond(const ResponseHead& head, std::string_view body);
  OutputBuffer& BeginResponseBody(const ResponseHead& head, std::uint8_t& length_digits);
  void EndResponseBody();
  void AbandonResponseBody();
  void StartStream(const ResponseHead& head, std::unique_ptr<BodySource> source);
  void ContinueStream();
  bool Pump();
  BodySource::Status ProduceChunk();
  bool CutOff();

  SessionContext& context_;
  SessionDriver& driver_;
  const PeerAddress* const peer_;
  OutputBuffer* out_ = nullptr;  ///< of the call that is under way
  RequestStorage* storage_ =
      nullptr;              ///< from the first byte of a request to the end of its answer
  TimePoint mark_;          ///< what deadline() counts from
  char* buffer_ = inline_;  ///< what is read into: inline_ or block_
  std::uint32_t capacity_ = kInlineBuffer;
  std::uint32_t begin_ = 0;  ///< of the current request
  std::uint32_t fed_ = 0;    ///< the parser has seen the bytes before this one
  std::uint32_t end_ = 0;    ///< of what was received
  PooledBuffer block_;
  HttpParser parser_;
  Phase phase_ = Phase::kOpening;
  SessionState state_ = SessionState::kReading;
  BodyMode body_mode_ = BodyMode::kInPlace;
  bool eof_ = false;           ///< the peer has finished sending
  bool filled_ = false;        ///< the last read filled its space: there is probably more
  bool pipelines_ = false;     ///< keeps the bigger buffer from read to read
  bool progress_ = false;      ///< ContinueStream() was called
  std::uint8_t finished_ = 0;  ///< requests answered in this call, up to 255
  char inline_[kInlineBuffer];
};

}  // namespace turbo::engine
