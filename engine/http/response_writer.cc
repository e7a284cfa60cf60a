#include "engine/http/response_writer.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cstring>

#include "engine/http/field_syntax.h"
#include "engine/http/status.h"

namespace turbo::engine {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kTypeName = "Content-Type: ";
constexpr std::string_view kLengthName = "Content-Length: ";
constexpr std::string_view kChunked = "Transfer-Encoding: chunked\r\n";
constexpr std::string_view kClose = "Connection: close\r\n";
constexpr std::string_view kKeepAlive = "Connection: keep-alive\r\n";
constexpr std::size_t kMaxDigits = 20;

/// Which field the engine would write itself.
enum class OwnField : std::uint8_t {
  kNone,
  kDate,
  kServer,
  kContentType,
  kContentLength,
  kTransferEncoding,
  kConnection,
};

OwnField Classify(std::string_view name) {
  switch (name.size()) {
    case 4:
      return EqualsIgnoreCase(name, "date") ? OwnField::kDate : OwnField::kNone;
    case 6:
      return EqualsIgnoreCase(name, "server") ? OwnField::kServer : OwnField::kNone;
    case 10:
      return EqualsIgnoreCase(name, "connection") ? OwnField::kConnection : OwnField::kNone;
    case 12:
      return EqualsIgnoreCase(name, "content-type") ? OwnField::kContentType : OwnField::kNone;
    case 14:
      return EqualsIgnoreCase(name, "content-length") ? OwnField::kContentLength : OwnField::kNone;
    case 17:
      return EqualsIgnoreCase(name, "transfer-encoding") ? OwnField::kTransferEncoding
                                                         : OwnField::kNone;
    default:
      return OwnField::kNone;
  }
}

/// The engine writes these itself, whatever the application gave.
bool IsFraming(OwnField field) { return field >= OwnField::kContentLength; }

bool HasClose(std::string_view list) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view token = list.substr(0, comma);
    while (!token.empty() && token.front() == ' ') token.remove_prefix(1);
    while (!token.empty() && token.back() == ' ') token.remove_suffix(1);
    if (EqualsIgnoreCase(token, "close")) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

char* Put(char* to, std::string_view bytes) {
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}

/// `bytes` copied with a constant size, which is cheaper than asking for the exact one: there is
/// room behind `to`, and `Readable` bytes may be read.
template <std::size_t Readable>
char* PutShort(char* to, std::string_view bytes) {
  if (bytes.size() > Readable) [[unlikely]]
    return Put(to, bytes);
  std::memcpy(to, bytes.data(), Readable);
  return to + bytes.size();
}

char* PutStatusLine(char* to, int status) {
  const std::string_view line = StatusLine(status);
  if (!line.empty()) [[likely]]
    return Put(to, line);
  // Not registered: an empty reason phrase (RFC 9112 §4).
  to = Put(to, "HTTP/1.1 "sv);
  to = std::to_chars(to, to + kMaxDigits, status).ptr;
  return Put(to, " \r\n"sv);
}

}  // namespace

FieldScan ScanFields(std::span<const HeaderField> fields) {
  FieldScan scan;
  for (const HeaderField& field : fields) {
    assert(IsValidFieldName(field.name) && IsValidFieldValue(field.value));
    const OwnField own = Classify(field.name);
    switch (own) {
      case OwnField::kNone:
        continue;
      case OwnField::kDate:
        scan.date = true;
        break;
      case OwnField::kServer:
        scan.server = true;
        break;
      case OwnField::kContentType:
        scan.content_type = true;
        break;
      case OwnField::kContentLength: {
        std::uint64_t length = 0;
        const char* end = field.value.data() + field.value.size();
        const auto [stop, error] = std::from_chars(field.value.data(), end, length);
        if (error == std::errc{} && stop == end) scan.content_length = length;
        break;
      }
      case OwnField::kConnection:
        scan.close |= HasClose(field.value);
        break;
      case OwnField::kTransferEncoding:
        break;
    }
    scan.framing |= IsFraming(own);
  }
  return scan;
}

std::size_t CountDigits(std::uint64_t value) {
  std::size_t digits = 1;
  for (; value >= 10; value /= 10) ++digits;
  return digits;
}

ErrorBody::ErrorBody(int status) {
  char* to = Put(text_.data(), R"({"detail":")"sv);
  to = Put(to, ReasonPhrase(status));
  to = Put(to, R"("})"sv);
  size_ = static_cast<std::size_t>(to - text_.data());
}

void WriteHead(OutputBuffer& out, const DateCache& date, const ResponseHead& head,
               const FieldScan& scan, const HeadPlan& plan) {
  // An upper bound, so that nothing below looks at the room again.
  std::size_t room = 192 + DateCache::kReadable + date.both().size() + head.content_type.size();
  for (const HeaderField& field : head.headers) room += field.name.size() + field.value.size() + 4;
  char* const begin = out.Reserve(room);

  char* to = PutStatusLine(begin, head.status);
  if (!scan.date && !scan.server) [[likely]] {
    to = PutShort<DateCache::kReadable>(to, date.both());
  } else {
    if (!scan.date) to = Put(to, date.date());
    if (!scan.server) to = Put(to, date.server());
  }
  if (!head.content_type.empty() && !scan.content_type) {
    to = Put(to, kTypeName);
    to = Put(to, head.content_type);
    to = Put(to, "\r\n"sv);
  }
  for (const HeaderField& field : head.headers) {
    if (scan.framing && IsFraming(Classify(field.name))) continue;
    to = Put(to, field.name);
    to = Put(to, ": "sv);
    to = Put(to, field.value);
    to = Put(to, "\r\n"sv);
  }
  if (plan.connection != ConnectionField::kAbsent) {
    to = Put(to, plan.connection == ConnectionField::kClose ? kClose : kKeepAlive);
  }
  switch (plan.framing) {
    case Framing::kNone:
      to = Put(to, "\r\n"sv);
      break;
    case Framing::kChunked:
      to = Put(to, kChunked);
      to = Put(to, "\r\n"sv);
      break;
    case Framing::kLength:
      to = Put(to, kLengthName);
      to = std::to_chars(to, to + kMaxDigits, plan.length).ptr;
      to = Put(to, "\r\n\r\n"sv);
      break;
    case Framing::kLengthLater:
      to = Put(to, kLengthName);
      std::memset(to, '0', plan.length);
      to = Put(to + plan.length, "\r\n\r\n"sv);
      break;
  }
  out.Commit(static_cast<std::size_t>(to - begin));
}

bool IsValidFieldName(std::string_view name) { return !name.empty() && AllOf(kTokenChar, name); }

bool IsValidFieldValue(std::string_view value) {
  for (const char c : value) {
    if (c == '\r' || c == '\n' || c == '\0') return false;
  }
  return true;
}

}  // namespace turbo::engine
