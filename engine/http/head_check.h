// What is asked of a request's head beyond its syntax: its version, its target's form, Host, Expect
// and Transfer-Encoding (RFC 9110, RFC 9112). Pure functions; any thread.
#pragma once

#include <cstddef>
#include <span>

#include "engine/http/http_parser.h"
#include "engine/http/limits.h"
#include "engine/http/request.h"

namespace turbo::engine {

struct HeadVerdict {
  int refusal = 0;                ///< status to refuse the request with; 0: it is acceptable
  bool expects_continue = false;  ///< Expect: 100-continue
};

/// Fills `request` from the head that `parser` has just completed into `head`, and judges it.
HeadVerdict CheckHead(const HttpParser& parser, RequestHead& head, Request& request);

/// The status for a head that is too long (RFC 9112 §3, RFC 6585 §5), or 0. `head` is what there is
/// of it: up to its end, to an error, or to the end of what was received.
int CheckHeadSize(std::string_view head, const HttpLimits& limits);

/// The status for what the parser refuses. kUnknownMethod is for JudgeUnknownMethod().
int StatusOf(HttpParser::Error error);

/// What a method that the parser does not know deserves: 501 if it is a token that a space ends,
/// 400 if it is not, 0 if more bytes are needed to tell. `line` is the request line as far as it
/// was received.
int JudgeUnknownMethod(std::string_view line);

}  // namespace turbo::engine
