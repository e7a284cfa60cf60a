// Percent-decoding of request paths (RFC 3986 §2.1, RFC 3629 for UTF-8). Pure functions, any
// thread.
#pragma once

#include <string>
#include <string_view>

namespace turbo::engine {

/// Stands for a decoded "%2F" in DecodePath's output, so that it is not taken for a separator.
/// Never part of UTF-8.
inline constexpr char kEncodedSlash = '\xFF';

enum class PathForm : unsigned char {
  kPlain,    ///< ASCII without '%': the bytes are the value
  kEncoded,  ///< holds '%' or bytes beyond ASCII: DecodePath must see it
  kBad,      ///< holds NUL
};

/// What it takes to read `raw`, found eight bytes at a time.
PathForm ClassifyPath(std::string_view raw);

enum class DecodeStatus : unsigned char { kOk, kHasEncodedSlash, kBad };

/// Decodes `raw` once into `out` (replaced; keeps its capacity). kBad: not two hexadecimal digits
/// behind a '%', a NUL, or a result that is not UTF-8.
DecodeStatus DecodePath(std::string_view raw, std::string& out);

/// Strict: no overlong forms, no surrogates, nothing above U+10FFFF.
bool IsValidUtf8(std::string_view text);

}  // namespace turbo::engine
