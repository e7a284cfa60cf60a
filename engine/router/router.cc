#include "engine/router/router.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/router/pattern.h"
#include "engine/router/percent_decode.h"
#include "engine/router/route_tree.h"

namespace turbo::engine {

struct Router::Impl {
  RouteTree tree;
  RouteId fallback = kNoRoute;
  TrailingSlash trailing_slash = TrailingSlash::kRedirect;

  void Match(Method method, std::string_view raw, MatchResult& result) const;
  void Unmatched(Method method, std::string_view raw, std::string_view path,
                 MatchResult& result) const;
};

namespace {

/// A plain path is matched where it lies.
struct ReadablePath {
  std::string_view path;
  DecodeStatus status = DecodeStatus::kOk;
};

ReadablePath Decode(std::string_view raw, std::string& scratch) {
  switch (ClassifyPath(raw)) {
    case PathForm::kPlain:
      return {raw};
    case PathForm::kBad:
      return {{}, DecodeStatus::kBad};
    case PathForm::kEncoded:
      break;
  }
  const DecodeStatus status = DecodePath(raw, scratch);
  return {scratch, status};
}

/// `path` with its last '/' off or with one more, the latter in `scratch`, where `path` may lie
/// already. Empty for "/".
std::string_view OtherForm(std::string_view path, std::string& scratch) {
  if (path.size() == 1) return {};
  if (path.back() == '/') return path.substr(0, path.size() - 1);
  if (path.data() != scratch.data()) scratch.assign(path);
  scratch.push_back('/');
  return scratch;
}

void Found(RouteId route, MatchResult& result) {
  result.status = MatchStatus::kFound;
  result.route = route;
  result.count = 0;
}

/// A Location that begins with "//" would name another host (RFC 3986 §4.2).
bool IsSafeLocation(std::string_view path) {
  return !path.starts_with("//") && !path.starts_with("/\\");
}

}  // namespace

Router::Router() : impl_(std::make_unique<Impl>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

Result<void> Router::Add(MethodSet methods, std::string_view pattern, RouteId route) {
  return impl_->tree.Add(methods, pattern, route);
}

void Router::SetFallback(RouteId route) { impl_->fallback = route; }

void Router::SetTrailingSlash(TrailingSlash policy) { impl_->trailing_slash = policy; }

Result<std::vector<Router::Param>> Router::ParsePattern(std::string_view pattern) {
  Result<std::vector<PatternSegment>> segments = ParseSegments(pattern);
  if (!segments) return std::unexpected(std::move(segments.error()));
  std::vector<Param> params;
  for (PatternSegment& segment : *segments) {
    if (segment.is_param) params.push_back({std::move(segment.name), segment.kind});
  }
  return params;
}

void Router::Match(Method method, std::string_view path, MatchResult& result) const {
  result.status = MatchStatus::kNotFound;
  result.route = kNoRoute;
  result.count = 0;
  result.allowed = MethodSet();
  impl_->Match(method, path, result);
}

void Router::Impl::Match(Method method, std::string_view raw, MatchResult& result) const {
  if (tree.empty() || raw.empty() || raw.front() != '/') {
    if (fallback != kNoRoute) {
      Found(fallback, result);
    } else if (method == Method::kOptions &&
               raw == "*") {  // the server as a whole (RFC 9110 §9.3.7)
      result.status = MatchStatus::kOptions;
      result.allowed = tree.all_methods();
    }
    return;
  }
  const ReadablePath readable = Decode(raw, result.decoded);
  if (readable.status == DecodeStatus::kBad) {
    result.status = MatchStatus::kBadPath;
    if (fallback != kNoRoute) Found(fallback, result);
    return;
  }
  if (tree.Find(method, readable.path, result)) [[likely]] {
    result.status = MatchStatus::kFound;
  } else {
    Unmatched(method, raw, readable.path, result);
  }
  if (readable.status == DecodeStatus::kHasEncodedSlash) {
    std::ranges::replace(result.decoded, kEncodedSlash, '/');
  }
}

void Router::Impl::Unmatched(Method method, std::string_view raw, std::string_view path,
                             MatchResult& result) const {
  if (trailing_slash == TrailingSlash::kIgnore) {
    const std::string_view other = OtherForm(path, result.decoded);
    if (!other.empty() && tree.Find(method, other, result)) {
      result.status = MatchStatus::kFound;
      return;
    }
  }
  if (fallback != kNoRoute) {
    Found(fallback, result);
    return;
  }
  if (!result.allowed.empty()) {
    result.status =
        method == Method::kOptions ? MatchStatus::kOptions : MatchStatus::kMethodNotAllowed;
    return;
  }
  if (trailing_slash != TrailingSlash::kRedirect) return;
  const std::string_view other = OtherForm(path, result.decoded);
  if (other.empty()) return;
  const bool exists = tree.Find(method, other, result) || !result.allowed.empty();
  result.route = kNoRoute;
  result.count = 0;
  result.allowed = MethodSet();
  if (!exists || !IsSafeLocation(raw)) return;
  result.status = MatchStatus::kRedirect;
  if (raw.back() == '/') {
    result.location.assign(raw.substr(0, raw.size() - 1));
  } else {
    result.location.assign(raw).push_back('/');
  }
}

std::string AllowField(MethodSet methods) {
  methods.Add(Method::kOptions);
  std::string field;
  const auto append = [&](Method method) {
    if (!methods.Contains(method)) return;
    if (!field.empty()) field += ", ";
    field += MethodName(method);
  };
  constexpr std::array kUsualFirst = {Method::kGet,    Method::kHead,  Method::kPost,
                                      Method::kPut,    Method::kPatch, Method::kDelete,
                                      Method::kOptions};
  for (const Method method : kUsualFirst) append(method);
  for (unsigned number = 0; number < 64; ++number) {
    const auto method = static_cast<Method>(number);
    if (std::ranges::find(kUsualFirst, method) == kUsualFirst.end()) append(method);
  }
  return field;
}

}  // namespace turbo::engine
