// What the small servers of the benchmarks share: their socket, and the answer that each of them
// gives.
#pragma once

#include <string_view>

namespace turbo::bench {

/// The body of `GET /users/123` in examples/multi_route_app.py.
inline constexpr std::string_view kBody = R"({"user_id":123,"name":"User 123"})";

/// Listens on 127.0.0.1 at the port that `argv[1]` names (0 or absent: any) and prints "listening
/// on PORT". Ends the program with one sentence and status 1 if it cannot.
int ListenAsAsked(int argc, char** argv);

}  // namespace turbo::bench
