#include "engine/http/head_check.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "engine/http/field_syntax.h"

namespace turbo::engine {
namespace {

constexpr int kBadRequest = 400;
constexpr int kUriTooLong = 414;
constexpr int kExpectationFailed = 417;
constexpr int kFieldsTooLarge = 431;
constexpr int kNotImplemented = 501;
constexpr int kVersionNotSupported = 505;

/// Whether `name`, of four letters, is "host".
bool IsHost(std::string_view name) {
  std::uint32_t word;
  std::memcpy(&word, name.data(), sizeof(word));
  std::uint32_t host;
  std::memcpy(&host, "host", sizeof(host));
  return (word | 0x20202020U) == host;  // no other token maps to these letters
}

void Trim(std::string_view& value) {
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
}

std::string_view TrimBoth(std::string_view value) {
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  Trim(value);
  return value;
}

/// Splits off the next element of a comma-separated list (RFC 9110 §5.6.1).
std::string_view NextElement(std::string_view& list) {
  const std::size_t comma = std::min(list.find(','), list.size());
  const std::string_view element = TrimBoth(list.substr(0, comma));
  list.remove_prefix(std::min(comma + 1, list.size()));
  return element;
}

/// chunked and nothing else is understood (RFC 9112 §6.1). What is not chunked at last the parser
/// has refused.
int CheckTransferEncoding(const Request& request) {
  if (request.version_minor == 0) return kBadRequest;
  int codings = 0;
  int chunked = 0;
  for (const HeaderField& field : request.headers) {
    if (!EqualsIgnoreCase(field.name, "transfer-encoding")) continue;
    for (std::string_view rest = field.value; !rest.empty();) {
      const std::string_view coding = NextElement(rest);
      if (coding.empty()) continue;
      ++codings;
      if (EqualsIgnoreCase(coding, "chunked")) ++chunked;
    }
  }
  if (chunked != 1) return kBadRequest;
  return codings == 1 ? 0 : kNotImplemented;
}

/// Splits `rest` ("/path?query#fragment") into path and query. A fragment is not sent by clients
/// that know the rules; it is dropped, as other servers do.
void SplitPath(std::string_view rest, Request& request) {
  const auto* fragment = static_cast<const char*>(std::memchr(rest.data(), '#', rest.size()));
  if (fragment != nullptr) [[unlikely]] {
    rest = rest.substr(0, static_cast<std::size_t>(fragment - rest.data()));
  }
  const auto* mark = static_cast<const char*>(std::memchr(rest.data(), '?', rest.size()));
  if (mark == nullptr) {
    request.path = rest;
    request.query = {};
  } else {
    const auto length = static_cast<std::size_t>(mark - rest.data());
    request.path = rest.substr(0, length);
    request.query = rest.substr(length + 1);
  }
}

/// The four forms of a target (RFC 9112 §3.2).
bool SplitTarget(Request& request) {
  const std::string_view target = request.target;
  if (target.front() == '/') [[likely]] {
    SplitPath(target, request);
    return true;
  }
  request.path = {};
  request.query = {};
  if (request.method == Method::kConnect) return true;  // refused whatever it asks for
  if (target == "*") {
    request.path = target;
    return request.method == Method::kOptions;
  }
  const std::size_t colon = target.find("://");
  if (colon == std::string_view::npos) return false;
  const std::string_view scheme = target.substr(0, colon);
  if (!EqualsIgnoreCase(scheme, "http") && !EqualsIgnoreCase(scheme, "https")) return false;
  const std::string_view rest = target.substr(colon + 3);
  const std::size_t path = std::min(rest.find_first_of("/?#"), rest.size());
  if (path == 0) return false;  // no authority
  if (path < rest.size()) SplitPath(rest.substr(path), request);
  if (request.path.empty()) request.path = "/";
  return true;
}

}  // namespace

HeadVerdict CheckHead(const HttpParser& parser, RequestHead& head, Request& request) {
  request.method = parser.method();
  request.version_minor = parser.version_minor();
  request.keep_alive = parser.keep_alive();
  request.target = head.target;
  request.headers = head.fields();
  request.body = {};

  // llhttp also takes requests without a version (HTTP/0.9), RTSP, ICE, and more than one space.
  const char* after_target = request.target.data() + request.target.size();
  if (*after_target != ' ' || request.target.data()[-2] == ' ') return {kBadRequest};
  if (std::memcmp(after_target, " HTTP/", 6) != 0) return {kBadRequest};
  if (parser.version_major() != 1) return {kVersionNotSupported};

  int hosts = 0;
  bool has_transfer_encoding = false;
  bool expects_continue = false;
  bool unknown_expectation = false;
  for (HeaderField& field : head.fields()) {
    Trim(field.value);
    switch (field.name.size()) {
      case 4:
        if (!IsHost(field.name)) break;
        ++hosts;
        if (!AllOf(kHostChar, field.value)) return {kBadRequest};
        break;
      case 6:
        if (!EqualsIgnoreCase(field.name, "expect")) break;
        for (std::string_view rest = field.value; !rest.empty();) {
          const std::string_view expectation = NextElement(rest);
          if (expectation.empty()) continue;
          const bool known = EqualsIgnoreCase(expectation, "100-continue");
          expects_continue |= known;
          unknown_expectation |= !known;
        }
        break;
      case 10:
        // llhttp misses `close` before a tab.
        if (!EqualsIgnoreCase(field.name, "connection")) break;
        for (std::string_view rest = field.value; !rest.empty();) {
          if (EqualsIgnoreCase(NextElement(rest), "close")) request.keep_alive = false;
        }
        break;
      case 17:
        has_transfer_encoding |= EqualsIgnoreCase(field.name, "transfer-encoding");
        break;
      default:
        break;
    }
  }
  // RFC 9112 §3.2: exactly one, but HTTP/1.0 may do without.
  if (hosts > 1 || (hosts == 0 && request.version_minor != 0)) return {kBadRequest};
  if (has_transfer_encoding) {
    if (const int refusal = CheckTransferEncoding(request); refusal != 0) return {refusal};
  }
  if (!SplitTarget(request)) return {kBadRequest};
  // CONNECT is for proxies; a method without a name belongs to another protocol.
  if (request.method == Method::kConnect || MethodName(request.method).empty()) {
    return {kNotImplemented};
  }
  // HTTP/1.0 knows no expectations (RFC 9110 §10.1.1).
  if (request.version_minor == 0) return {};
  if (unknown_expectation) return {kExpectationFailed};
  return {0, expects_continue};
}

int CheckHeadSize(std::string_view head, const HttpLimits& limits) {
  // Most heads are shorter than either limit: no look at where the line ends.
  if (head.size() <= std::min(limits.max_request_line, limits.max_header_block)) [[likely]]
    return 0;
  const std::size_t line_end = head.find('\n');
  const std::size_t line = line_end == std::string_view::npos ? head.size() : line_end + 1;
  if (line > limits.max_request_line) return kUriTooLong;
  return head.size() - line > limits.max_header_block ? kFieldsTooLarge : 0;
}

int StatusOf(HttpParser::Error error) {
  switch (error) {
    case HttpParser::Error::kUnsupportedMethod:
      return kNotImplemented;
    case HttpParser::Error::kVersion:
      return kVersionNotSupported;
    case HttpParser::Error::kTooManyFields:
      return kFieldsTooLarge;
    case HttpParser::Error::kSyntax:
    case HttpParser::Error::kUnknownMethod:
      break;
  }
  return kBadRequest;
}

int JudgeUnknownMethod(std::string_view line) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (IsOf(kTokenChar, line[i])) continue;
    return i != 0 && line[i] == ' ' ? kNotImplemented : kBadRequest;
  }
  return 0;
}

}  // namespace turbo::engine
