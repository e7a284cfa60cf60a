// Status lines and reason phrases (RFC 9110 §15 and the IANA registry). Static storage; any thread.
#pragma once

#include <string_view>

namespace turbo::engine {

/// "Not Found"; empty for a code that is not registered.
std::string_view ReasonPhrase(int status);

/// "HTTP/1.1 404 Not Found\r\n" of a registered code; empty for any other.
std::string_view StatusLine(int status);

}  // namespace turbo::engine
