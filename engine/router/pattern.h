// The text of a route pattern, parsed: one element per path segment. The grammar is router.h's.
// Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/router/router.h"

namespace turbo::engine {

/// Static text around a parameter within its segment, in bytes, at most.
inline constexpr std::size_t kMaxAffix = 255;

struct PatternSegment {
  bool is_param = false;
  std::string prefix;  ///< the whole segment if it is static, else the text before the parameter
  std::string suffix;  ///< the text behind the parameter
  PathKind kind = PathKind::kString;
  std::string name;
};

/// The segments of `pattern` in order ("/" is one empty segment). Fails in one sentence that quotes
/// the pattern.
Result<std::vector<PatternSegment>> ParseSegments(std::string_view pattern);

}  // namespace turbo::engine
