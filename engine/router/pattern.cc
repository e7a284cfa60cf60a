#include "engine/router/pattern.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/router/percent_decode.h"

namespace turbo::engine {
namespace {

std::unexpected<Error> Malformed(std::string_view pattern, std::string_view what) {
  return Fail(ExitCode::kLoadFailed,
              "The route pattern \"" + std::string(pattern) + "\" " + std::string(what));
}

bool IsLetter(char c) {
  // Bytes of a multi-byte UTF-8 sequence count as letters: Python identifiers may hold them.
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         (static_cast<unsigned char>(c) & 0x80) != 0;
}

bool IsIdentifier(std::string_view name) {
  return !name.empty() && IsLetter(name.front()) &&
         std::ranges::all_of(name, [](char c) { return IsLetter(c) || (c >= '0' && c <= '9'); });
}

std::optional<PathKind> KindFromName(std::string_view name) {
  if (name == "str") return PathKind::kString;
  if (name == "int") return PathKind::kInt;
  if (name == "float") return PathKind::kFloat;
  if (name == "uuid") return PathKind::kUuid;
  if (name == "path") return PathKind::kPath;
  return std::nullopt;
}

Result<PatternSegment> ParseSegment(std::string_view pattern, std::string_view text) {
  PatternSegment segment;
  const std::size_t open = text.find('{');
  if (open == std::string_view::npos) {
    if (text.find('}') != std::string_view::npos)
      return Malformed(pattern, "has a '}' without its '{'.");
    segment.prefix = text;
    return segment;
  }
  const std::size_t close = text.find('}');
  if (close == std::string_view::npos)
    return Malformed(pattern, "has a '{' without its '}' in the same segment.");
  if (close < open) return Malformed(pattern, "has a '}' without its '{'.");
  segment.is_param = true;
  segment.prefix = text.substr(0, open);
  segment.suffix = text.substr(close + 1);
  if (segment.suffix.find('{') != std::string::npos) {
    return Malformed(pattern,
                     "has two parameters in one segment; one is the most, put a '/' between them.");
  }
  if (segment.suffix.find('}') != std::string::npos)
    return Malformed(pattern, "has a '}' without its '{'.");

  std::string_view name = text.substr(open + 1, close - open - 1);
  if (const std::size_t colon = name.find(':'); colon != std::string_view::npos) {
    const std::string_view kind_name = name.substr(colon + 1);
    const std::optional<PathKind> kind = KindFromName(kind_name);
    if (!kind) {
      return Malformed(pattern, "has the unknown parameter type \"" + std::string(kind_name) +
                                    "\"; use str, int, float, uuid or path.");
    }
    segment.kind = *kind;
    name = name.substr(0, colon);
  }
  if (!IsIdentifier(name)) {
    return Malformed(
        pattern, "names a parameter \"" + std::string(name) + "\", which is not an identifier.");
  }
  segment.name = name;
  return segment;
}

}  // namespace

Result<std::vector<PatternSegment>> ParseSegments(std::string_view pattern) {
  if (pattern.empty() || pattern.front() != '/') return Malformed(pattern, "must begin with '/'.");
  if (pattern.find('\0') != std::string_view::npos) return Malformed(pattern, "holds a NUL byte.");
  if (!IsValidUtf8(pattern)) return Malformed(pattern, "is not valid UTF-8.");
  if (pattern.find_first_of("?#") != std::string_view::npos) {
    return Malformed(
        pattern, "holds '?' or '#', which end a path; query parameters are not part of a pattern.");
  }

  std::vector<PatternSegment> segments;
  std::size_t params = 0;
  for (std::size_t begin = 1; begin <= pattern.size();) {
    const std::size_t end = std::min(pattern.find('/', begin), pattern.size());
    Result<PatternSegment> segment = ParseSegment(pattern, pattern.substr(begin, end - begin));
    if (!segment) return std::unexpected(std::move(segment.error()));
    if (segment->is_param) {
      const bool twice = std::ranges::any_of(segments, [&](const PatternSegment& other) {
        return other.is_param && other.name == segment->name;
      });
      if (twice) return Malformed(pattern, "names the parameter \"" + segment->name + "\" twice.");
      if (++params > kMaxPathParams) {
        return Malformed(pattern,
                         "has more than " + std::to_string(kMaxPathParams) + " parameters.");
      }
      if (segment->kind == PathKind::kPath &&
          (end != pattern.size() || !segment->prefix.empty() || !segment->suffix.empty())) {
        return Malformed(pattern,
                         "must end with its path parameter, which takes whole segments: \"/{" +
                             segment->name + ":path}\".");
      }
      if (segment->prefix.size() + segment->suffix.size() > kMaxAffix) {
        return Malformed(
            pattern, "has more than " + std::to_string(kMaxAffix) + " bytes around a parameter.");
      }
    }
    segments.push_back(std::move(*segment));
    begin = end + 1;
  }
  return segments;
}

}  // namespace turbo::engine
