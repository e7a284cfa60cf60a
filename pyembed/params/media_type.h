// Which Content-Type fields announce JSON (RFC 9110 §8.3.1, RFC 6839 §3.1). Knows no Python; any
// thread.
#pragma once

#include <string_view>

namespace turbo::pyembed {

/// "application/json" and "application/<anything>+json", in any case, with or without parameters.
bool IsJsonMediaType(std::string_view content_type);

}  // namespace turbo::pyembed
