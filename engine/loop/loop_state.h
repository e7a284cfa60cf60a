// What a loop's parts (connections, listeners, sweep) share: its io_context, the context of its
// sessions, its buffers and its lists. Loop thread only.
#pragma once

#include <asio/io_context.hpp>
#include <asio/posix/basic_stream_descriptor.hpp>
#include <chrono>

#include "engine/http/buffer_pool.h"
#include "engine/http/date_cache.h"
#include "engine/http/http_session.h"
#include "engine/http/inflight_gate.h"
#include "engine/http/output_buffer.h"
#include "engine/loop/deadline_wheel.h"
#include "engine/loop/epoll_hook.h"
#include "engine/loop/event_loop.h"
#include "engine/loop/write_buffers.h"

namespace turbo::engine {

class Connection;

/// The executor is named in full everywhere: a type-erased one costs an allocation and two indirect
/// calls per operation.
using LoopExecutor = asio::io_context::executor_type;

/// A descriptor that the loop watches. Reading and writing are our own system calls.
using WatchedDescriptor = asio::posix::basic_stream_descriptor<LoopExecutor>;

/// What connections and listeners tell their loop.
class LoopEvents {
 public:
  /// A connection was closed: counted out, and freed once its handlers have run.
  virtual void OnConnectionClosed(Connection& connection) noexcept = 0;
  /// A listener accepted `fd`, which is now the loop's. Its place under
  /// ProcessShared::max_connections is taken.
  virtual void OnAccepted(int fd, const PeerAddress& peer) noexcept = 0;
  /// The connection has read something: it wants Process() and then Deliver() within this turn.
  virtual void OnReceived(Connection& connection) noexcept = 0;
  /// The connection wants RunDeferred() after the handlers that are ready now; asked twice, it gets
  /// it once.
  virtual void Defer(Connection& connection) noexcept = 0;

 protected:
  ~LoopEvents() = default;
};

struct LoopState {
  LoopState(const LoopConfig& loop_config, AppGateway& gateway, WaitObserver* observer,
            LoopCounters& loop_counters, ProcessShared& process_shared, LoopEvents& loop_events,
            EpollHook::TurnHandler& turn_handler)
      : config(loop_config),
        counters(loop_counters),
        shared(process_shared),
        events(loop_events),
        hook(turn_handler, observer),
        inflight_gate(process_shared.inflight, process_shared.max_inflight),
        session_context{
            .limits = config.limits,
            .timeouts = config.timeouts,
            .gateway = gateway,
            .buffers = buffers,
            .date = date,
            .counters = loop_counters,
            .access_log = config.access_log,
            .inflight_gate = process_shared.max_inflight == 0 ? nullptr : &inflight_gate,
            .now = std::chrono::steady_clock::now()},
        wheel(session_context.now),
        io(ASIO_CONCURRENCY_HINT_UNSAFE) {}

  const LoopConfig config;
  LoopCounters& counters;
  ProcessShared& shared;
  LoopEvents& events;
  EpollHook hook;
  BufferPool buffers;
  DateCache date;
  InflightGate inflight_gate;
  SessionContext session_context;
  TimePoint sweep_time{};  ///< what deadlines are compared with: now, less what StallMeter says
  WriteBuffers write_buffers;
  DeadlineWheel wheel;
  asio::io_context io;
};

}  // namespace turbo::engine
