// llhttp, wrapped once: an incremental, strict parser of HTTP/1 requests (RFC 9112) that answers
// with events instead of callbacks. Loop thread only; sans I/O; never allocates but for
// RequestHead's fields.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "engine/http/limits.h"
#include "engine/http/method.h"
#include "engine/http/request.h"

namespace turbo::engine {

/// What is gathered of a request's head: views into the buffer that is parsed. The head of one
/// request lies in one contiguous buffer; if that moves, Rebase() follows.
class RequestHead {
 public:
  void Clear() {
    target = {};
    count_ = 0;
  }

  std::string_view target;
  [[nodiscard]] std::span<HeaderField> fields() { return {fields_.get(), count_}; }

  HeaderField& Append() {
    if (count_ == capacity_) [[unlikely]]
      Grow();
    return fields_[count_++];
  }
  HeaderField& last() { return fields_[count_ - 1]; }

  /// The bytes that the views point to now lie at `to` instead of `from`.
  void Rebase(const char* from, const char* to);

 private:
  void Grow();

  std::unique_ptr<HeaderField[]> fields_;
  std::size_t count_ = 0;
  std::size_t capacity_ = 0;
};

class HttpParser {
 public:
  enum class Event : std::uint8_t {
    kNeedMore,  ///< all bytes were consumed
    kHead,      ///< the head is complete, and a body follows
    kBody,      ///< body_piece() is a piece of a chunked body; go on behind it
    kMessage,   ///< the message is complete (a head without a body, or the end of the body)
    kError,     ///< error() says why; the parser is of no further use
  };

  enum class Error : std::uint8_t {
    kSyntax,             ///< 400
    kUnknownMethod,      ///< what stands where the method should is none that llhttp knows
    kUnsupportedMethod,  ///< 501: a method of another protocol
    kVersion,            ///< 505
    kTooManyFields,      ///< 431: header fields, trailer fields or chunk extensions
  };

  /// `limits` outlives the parser.
  explicit HttpParser(const HttpLimits& limits);
  HttpParser(const HttpParser&) = delete;
  HttpParser& operator=(const HttpParser&) = delete;

  /// The next byte is the first of a request, whose head goes to `head` (cleared; lives until
  /// kMessage).
  void Begin(RequestHead& head) {
    head_ = &head;
    head.Clear();
    in_body_ = false;
  }

  /// Parses on. Every event but kNeedMore leaves bytes from position() on, which are fed next.
  Event Feed(const char* data, std::size_t size);

  /// Behind what the last Feed() consumed; on kError, where the error is.
  [[nodiscard]] const char* position() const { return position_; }
  /// The bytes of the body that the last Feed() met, one view into its data. For a body with
  /// Content-Length they come with kNeedMore or kMessage.
  [[nodiscard]] std::string_view body_piece() const { return piece_; }
  [[nodiscard]] Error error() const { return error_; }

  // Valid from kHead, or from kMessage if there was no body, to the next Begin().
  [[nodiscard]] Method method() const { return method_; }
  [[nodiscard]] std::uint8_t version_major() const { return version_major_; }
  [[nodiscard]] std::uint8_t version_minor() const { return version_minor_; }
  /// What version and Connection fields ask for (RFC 9112 §9.3); `close` beats `keep-alive`.
  [[nodiscard]] bool keep_alive() const { return keep_alive_; }
  [[nodiscard]] bool chunked() const { return chunked_; }
  [[nodiscard]] std::uint64_t content_length() const { return content_length_; }

 private:
  struct Callbacks;

  bool CountFraming(const char* data);
  Event Fail(int code, const char* end);

  // An llhttp_t; its header stays out of ours.
  static constexpr std::size_t kLlhttpSize = 104;
  alignas(8) std::array<std::byte, kLlhttpSize> llhttp_;
  const HttpLimits& limits_;
  RequestHead* head_ = nullptr;
  const char* position_ = nullptr;
  std::string_view piece_;
  std::uint64_t content_length_ = 0;
  std::size_t framing_bytes_ = 0;  ///< of a chunked body, without its data
  std::size_t trailer_fields_ = 0;
  std::size_t chunks_ = 0;        ///< whose size line is complete
  std::size_t begun_chunks_ = 0;  ///< whose data has begun
  Event event_ = Event::kNeedMore;
  Error error_ = Error::kSyntax;
  Method method_ = Method::kGet;
  std::uint8_t version_major_ = 1;
  std::uint8_t version_minor_ = 1;
  bool keep_alive_ = false;
  bool chunked_ = false;
  bool in_field_name_ = false;
  bool in_body_ = false;
};

}  // namespace turbo::engine
