#include "engine/http/http_parser.h"

#include <llhttp.h>

#include <algorithm>
#include <new>

namespace turbo::engine {

static_assert(static_cast<int>(Method::kDelete) == HTTP_DELETE);
static_assert(static_cast<int>(Method::kGet) == HTTP_GET);
static_assert(static_cast<int>(Method::kHead) == HTTP_HEAD);
static_assert(static_cast<int>(Method::kPost) == HTTP_POST);
static_assert(static_cast<int>(Method::kPut) == HTTP_PUT);
static_assert(static_cast<int>(Method::kConnect) == HTTP_CONNECT);
static_assert(static_cast<int>(Method::kOptions) == HTTP_OPTIONS);
static_assert(static_cast<int>(Method::kTrace) == HTTP_TRACE);
static_assert(static_cast<int>(Method::kPatch) == HTTP_PATCH);

void RequestHead::Rebase(const char* from, const char* to) {
  const auto move = [from, to](std::string_view& view) {
    if (!view.empty()) view = {to + (view.data() - from), view.size()};
  };
  move(target);
  for (HeaderField& field : fields()) {
    move(field.name);
    move(field.value);
  }
}

void RequestHead::Grow() {
  const std::size_t capacity = capacity_ == 0 ? 32 : capacity_ * 2;
  auto fields = std::make_unique<HeaderField[]>(capacity);
  std::copy_n(fields_.get(), count_, fields.get());
  fields_ = std::move(fields);
  capacity_ = capacity;
}

/// The trampolines. None throws but for want of memory; RequestHead's growth is bounded by
/// max_header_fields.
struct HttpParser::Callbacks {
  static HttpParser& Self(llhttp_t* llhttp) { return *static_cast<HttpParser*>(llhttp->data); }

  /// Adjacent pieces of one span, which llhttp cuts where a buffer ended.
  static void Extend(std::string_view& view, const char* at, std::size_t size) {
    view = view.empty() ? std::string_view(at, size)
                        : std::string_view(view.data(), view.size() + size);
  }

  static int OnUrl(llhttp_t* llhttp, const char* at, std::size_t size) {
    Extend(Self(llhttp).head_->target, at, size);
    return 0;
  }

  static int OnHeaderField(llhttp_t* llhttp, const char* at, std::size_t size) {
    HttpParser& self = Self(llhttp);
    if (self.in_body_) return 0;  // trailers are dropped
    if (!self.in_field_name_) {
      self.in_field_name_ = true;
      self.head_->Append() = {{at, size}, {}};
    } else {
      Extend(self.head_->last().name, at, size);
    }
    return 0;
  }

  static int OnHeaderFieldComplete(llhttp_t* llhttp) {
    HttpParser& self = Self(llhttp);
    self.in_field_name_ = false;
    const std::size_t count = self.in_body_ ? ++self.trailer_fields_ : self.head_->fields().size();
    return count > self.limits_.max_header_fields ? -1 : 0;
  }

  static int OnHeaderValue(llhttp_t* llhttp, const char* at, std::size_t size) {
    HttpParser& self = Self(llhttp);
    if (!self.in_body_) Extend(self.head_->last().value, at, size);
    return 0;
  }

  static int OnChunkHeader(llhttp_t* llhttp) {
    ++Self(llhttp).chunks_;
    return 0;
  }

  static int OnHeadersComplete(llhttp_t* llhttp) {
    HttpParser& self = Self(llhttp);
    // Upgrade is not offered: such a request is answered as any other (RFC 9110 §7.8).
    llhttp->upgrade = 0;
    self.method_ = static_cast<Method>(llhttp->method);
    self.version_major_ = llhttp->http_major;
    self.version_minor_ = llhttp->http_minor;
    self.keep_alive_ = (llhttp->flags & F_CONNECTION_CLOSE) == 0 &&
                       (llhttp->http_minor != 0 || (llhttp->flags & F_CONNECTION_KEEP_ALIVE) != 0);
    self.chunked_ = (llhttp->flags & F_CHUNKED) != 0;
    self.content_length_ = llhttp->content_length;
    self.in_body_ = true;
    if (!self.chunked_ && self.content_length_ == 0) return 0;
    self.framing_bytes_ = 0;
    self.trailer_fields_ = self.chunks_ = self.begun_chunks_ = 0;
    self.event_ = Event::kHead;
    return HPE_PAUSED;
  }

  static int OnBody(llhttp_t* llhttp, const char* at, std::size_t size) {
    HttpParser& self = Self(llhttp);
    self.piece_ = {at, size};
    if (!self.chunked_) return 0;  // there is one piece in a buffer
    self.event_ = Event::kBody;
    return HPE_PAUSED;
  }

  static int OnMessageComplete(llhttp_t* llhttp) {
    Self(llhttp).event_ = Event::kMessage;
    return HPE_PAUSED;
  }

  static const llhttp_settings_t kSettings;
};

constinit const llhttp_settings_t HttpParser::Callbacks::kSettings = [] {
  llhttp_settings_t settings{};
  settings.on_url = &OnUrl;
  settings.on_header_field = &OnHeaderField;
  settings.on_header_field_complete = &OnHeaderFieldComplete;
  settings.on_header_value = &OnHeaderValue;
  settings.on_headers_complete = &OnHeadersComplete;
  settings.on_chunk_header = &OnChunkHeader;
  settings.on_body = &OnBody;
  settings.on_message_complete = &OnMessageComplete;
  return settings;
}();

namespace {

llhttp_t* AsLlhttp(std::byte* storage) {
  return std::launder(reinterpret_cast<llhttp_t*>(storage));
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// " HTTP/d.d" stands at `at`, and is none of those that are served.
bool IsOtherVersion(const char* at, const char* end) {
  constexpr std::string_view kName = " HTTP/";
  return end - at >= static_cast<std::ptrdiff_t>(kName.size()) + 3 &&
         std::string_view(at, kName.size()) == kName && IsDigit(at[6]) && at[7] == '.' &&
         IsDigit(at[8]) && (at[6] != '1' || at[8] > '1');
}

}  // namespace

HttpParser::HttpParser(const HttpLimits& limits) : limits_(limits) {
  static_assert(sizeof(llhttp_t) <= kLlhttpSize && alignof(llhttp_t) <= 8);
  auto* llhttp = new (llhttp_.data()) llhttp_t;
  llhttp_init(llhttp, HTTP_REQUEST, &Callbacks::kSettings);
  llhttp->data = this;
  // Whether a connection goes on is the session's decision: a trailer field named Connection does
  // not count.
  llhttp_set_lenient_keep_alive(llhttp, 1);
}

HttpParser::Event HttpParser::Feed(const char* data, std::size_t size) {
  llhttp_t* llhttp = AsLlhttp(llhttp_.data());
  piece_ = {};
  const bool in_chunks = in_body_ && chunked_;
  llhttp_resume(llhttp);
  const llhttp_errno_t code = llhttp_execute(llhttp, data, size);
  position_ = code == HPE_OK ? data + size : llhttp_get_error_pos(llhttp);
  if (in_chunks && !CountFraming(data)) {
    error_ = Error::kTooManyFields;
    return Event::kError;
  }
  if (code == HPE_OK) return Event::kNeedMore;
  if (code == HPE_PAUSED) return event_;
  return Fail(code, data + size);
}

/// Bounds chunk sizes, extensions and trailers together: as much as a header block, and room for a
/// size line in each chunk. A chunk counts once its data has begun, so that the verdict does not
/// depend on how the bytes were cut.
bool HttpParser::CountFraming(const char* data) {
  constexpr std::size_t kSizeLine = 16;
  framing_bytes_ += static_cast<std::size_t>(position_ - data) - piece_.size();
  if (framing_bytes_ > limits_.max_header_block + kSizeLine * (begun_chunks_ + 1)) return false;
  if (!piece_.empty()) begun_chunks_ = chunks_;
  return true;
}

HttpParser::Event HttpParser::Fail(int code, const char* end) {
  const llhttp_t* llhttp = AsLlhttp(llhttp_.data());
  const char* after_target = head_->target.data() + head_->target.size();
  switch (code) {
    case HPE_CB_HEADER_FIELD_COMPLETE:
      error_ = Error::kTooManyFields;
      break;
    case HPE_INVALID_METHOD:
      error_ = Error::kUnknownMethod;
      break;
    case HPE_PAUSED_H2_UPGRADE:  // HTTP/2 with prior knowledge (RFC 9113 §3.4)
      error_ = Error::kVersion;
      break;
    case HPE_INVALID_VERSION:
      error_ = IsOtherVersion(after_target, end) ? Error::kVersion : Error::kSyntax;
      break;
    case HPE_INVALID_CONSTANT:
      error_ = llhttp->method >= HTTP_SOURCE && llhttp->method != HTTP_QUERY &&
                       llhttp->method != HTTP_PRI && !head_->target.empty()
                   ? Error::kUnsupportedMethod
                   : Error::kSyntax;
      break;
    default:
      error_ = Error::kSyntax;
  }
  return Event::kError;
}

}  // namespace turbo::engine
