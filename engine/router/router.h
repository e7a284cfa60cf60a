// Finds the route of a request: a radix tree over path segments with static and parameter edges.
// Built once, then immutable: Match may be called from any number of threads, each with its own
// MatchResult.
//
// Patterns: static text, `{name}` (one segment, not empty), `{name:str|int|float|uuid}` (one
// segment of that shape) and `{name:path}` (the rest of the path, slashes included, may be empty).
// A pattern begins with '/', and is plain text: "/café" matches "/caf%C3%A9". Static text may stand
// on either side of a parameter within its segment ("/@{user}", "/{name}.json"); one parameter a
// segment is the most. Static text wins over a parameter, more of it around one over less, a typed
// parameter over an untyped one, that one over `path`; the search backtracks. A route that matches
// a path but lacks the method hides no other route that has it.
//
// Paths are percent-decoded once (RFC 3986 §2.4): "%2F" is part of a value and never a separator;
// "%252F" is the text "%2F".
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/http/method.h"

namespace turbo::engine {

using RouteId = std::uint32_t;
inline constexpr RouteId kNoRoute = UINT32_MAX;
inline constexpr std::size_t kMaxPathParams = 16;

enum class PathKind : std::uint8_t { kString, kInt, kFloat, kUuid, kPath };

/// One path parameter of a match.
struct PathValue {
  PathKind kind = PathKind::kString;
  bool fits = false;  ///< kInt: `integer` holds the value (else it is beyond 64 bits: use `text`)
  /// Percent-decoded UTF-8, in the request's buffer or in MatchResult::decoded: valid as long as
  /// both are and the result is neither moved nor matched into again.
  std::string_view text;
  std::int64_t integer = 0;
  double real = 0;
};

enum class TrailingSlash : std::uint8_t {
  kRedirect,  ///< 307 to the other form, if that one exists with any method (query kept)
  kIgnore,    ///< both forms serve the route
  kStrict,    ///< 404
};

enum class MatchStatus : std::uint8_t {
  kFound,
  kNotFound,          ///< 404
  kMethodNotAllowed,  ///< 405; `allowed` says what is (RFC 9110 §15.5.6)
  kOptions,           ///< an OPTIONS request without a route of its own: 204 with Allow
  kRedirect,          ///< 307; `location` is the path to go to, percent-encoded as it came
  kBadPath,           ///< 400: broken percent-encoding, NUL, or not UTF-8
};

struct MatchResult {
  MatchStatus status = MatchStatus::kNotFound;
  RouteId route = kNoRoute;
  std::size_t count = 0;  ///< of path parameters, in pattern order
  std::array<PathValue, kMaxPathParams> values;
  MethodSet allowed;  ///< of all routes that match the path, HEAD too where GET is
  std::string location;
  std::string decoded;  ///< scratch that decoded values may point into; keeps its capacity
};

class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  /// Adds a route, for all of `methods` or for none. GET also serves HEAD unless a route for HEAD
  /// itself exists. Fails, in words that name both patterns, if the same method would match the
  /// same paths twice, or if the pattern is malformed.
  Result<void> Add(MethodSet methods, std::string_view pattern, RouteId route);

  /// Every path and method that matches nothing else goes to `route` (ASGI, WSGI), paths that
  /// cannot be decoded and "*" included. There is then no redirect, no 405 and no answer to OPTIONS
  /// of our own.
  void SetFallback(RouteId route);
  void SetTrailingSlash(TrailingSlash policy);

  /// `path` is still percent-encoded, without the query. Does not allocate unless the path holds
  /// '%' or redirects. Time depends on the path's length, not on the number of routes.
  void Match(Method method, std::string_view path, MatchResult& result) const;

  /// Names of a pattern's parameters and their kinds, in order; for compiling handlers.
  struct Param {
    std::string name;
    PathKind kind;
  };
  static Result<std::vector<Param>> ParsePattern(std::string_view pattern);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// "GET, HEAD, OPTIONS": the value of an Allow field, OPTIONS added (RFC 9110 §10.2.1).
std::string AllowField(MethodSet methods);

}  // namespace turbo::engine
