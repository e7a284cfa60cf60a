#include "supervisor/slot.h"

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace turbo::supervisor {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using enum SlotEvent;
using Action = SlotAction;
using State = SlotState;

// A slot with a clock that only the test moves.
class Held {
 public:
  explicit Held(const SlotPolicy& policy = {}) : slot_(policy, now_) {}

  Action Handle(SlotEvent event) { return slot_.Handle(event, now_); }
  void Pass(milliseconds time) { now_ += time; }
  /// Moves the clock to when the slot wants it, and tells it.
  Action AtDue() {
    REQUIRE(slot_.due());
    CHECK(slot_.Handle(kClock, *slot_.due() - milliseconds(1)) == Action::kNone);
    now_ = *slot_.due();
    return Handle(kClock);
  }
  [[nodiscard]] milliseconds Left() const {
    REQUIRE(slot_.due());
    return std::chrono::duration_cast<milliseconds>(*slot_.due() - now_);
  }
  [[nodiscard]] const Slot& slot() const { return slot_; }
  [[nodiscard]] State state() const { return slot_.state(); }

 private:
  Slot::TimePoint now_{seconds(1000)};
  Slot slot_;
};

Held Starting() {
  Held held;
  CHECK(held.Handle(kClock) == Action::kStart);
  return held;
}

Held Serving(milliseconds lived = seconds(20)) {
  Held held = Starting();
  held.Handle(kReady);
  held.Pass(lived);
  return held;
}

// A slot in the given state: one that has served for a while, where the state allows it.
Held In(State state) {
  switch (state) {
    case State::kStarting:
      return Starting();
    case State::kServing:
      return Serving();
    case State::kBackingOff: {
      Held held = Serving(milliseconds(0));
      for (int i = 0; i < 3; ++i) {
        held.Handle(kCrashed);
        held.Handle(kReady);
      }
      held.Handle(kCrashed);
      return held;
    }
    case State::kLeaving: {
      Held held = Serving();
      held.Handle(kControlLost);
      return held;
    }
    case State::kDraining: {
      Held held = Serving();
      held.Handle(kDrain);
      return held;
    }
    case State::kStopping: {
      Held held = Serving();
      held.Handle(kStop);
      return held;
    }
    case State::kKilled: {
      Held held = Serving();
      held.Handle(kStop);
      held.Handle(kStop);
      return held;
    }
    case State::kDone: {
      Held held = Serving();
      held.Handle(kDrain);
      held.Handle(kCrashed);
      return held;
    }
  }
  return Held();
}

struct Expected {
  State before;
  SlotEvent event;
  Action action;
  State after;
};

TEST_CASE("Slot answers every event in every state", "[slot]") {
  const std::vector<Expected> table = {
      {State::kBackingOff, kClock, Action::kStart, State::kStarting},
      {State::kBackingOff, kDrain, Action::kNone, State::kDone},
      {State::kBackingOff, kStop, Action::kNone, State::kDone},

      {State::kStarting, kStartFailed, Action::kGiveUp, State::kDone},
      {State::kStarting, kReady, Action::kNone, State::kServing},
      {State::kStarting, kLoadFailed, Action::kNone, State::kLeaving},
      {State::kStarting, kControlLost, Action::kNone, State::kLeaving},
      {State::kStarting, kKilled, Action::kStart, State::kStarting},
      {State::kStarting, kRefused, Action::kGiveUp, State::kDone},
      {State::kStarting, kCrashed, Action::kStart, State::kStarting},
      {State::kStarting, kDrain, Action::kSendDrain, State::kDraining},
      {State::kStarting, kStop, Action::kSendStop, State::kStopping},

      {State::kServing, kControlLost, Action::kNone, State::kLeaving},
      {State::kServing, kKilled, Action::kStart, State::kStarting},
      {State::kServing, kRefused, Action::kStart, State::kStarting},
      {State::kServing, kCrashed, Action::kStart, State::kStarting},
      {State::kServing, kDrain, Action::kSendDrain, State::kDraining},
      {State::kServing, kStop, Action::kSendStop, State::kStopping},

      {State::kLeaving, kClock, Action::kKill, State::kLeaving},
      {State::kLeaving, kKilled, Action::kStart, State::kStarting},
      {State::kLeaving, kRefused, Action::kStart, State::kStarting},
      {State::kLeaving, kCrashed, Action::kStart, State::kStarting},
      {State::kLeaving, kDrain, Action::kSendDrain, State::kDraining},
      {State::kLeaving, kStop, Action::kSendStop, State::kStopping},

      {State::kDraining, kClock, Action::kSendStop, State::kStopping},
      {State::kDraining, kKilled, Action::kNone, State::kDone},
      {State::kDraining, kRefused, Action::kNone, State::kDone},
      {State::kDraining, kCrashed, Action::kNone, State::kDone},
      {State::kDraining, kStop, Action::kSendStop, State::kStopping},

      {State::kStopping, kClock, Action::kKill, State::kKilled},
      {State::kStopping, kKilled, Action::kNone, State::kDone},
      {State::kStopping, kRefused, Action::kNone, State::kDone},
      {State::kStopping, kCrashed, Action::kNone, State::kDone},
      {State::kStopping, kStop, Action::kKill, State::kKilled},

      {State::kKilled, kKilled, Action::kNone, State::kDone},
      {State::kKilled, kRefused, Action::kNone, State::kDone},
      {State::kKilled, kCrashed, Action::kNone, State::kDone},
  };
  for (std::size_t s = 0; s < kSlotStates; ++s) {
    for (std::size_t e = 0; e < kSlotEvents; ++e) {
      const auto state = static_cast<State>(s);
      const auto event = static_cast<SlotEvent>(e);
      // What the table does not name is ignored.
      Expected expected{state, event, Action::kNone, state};
      for (const Expected& row : table) {
        if (row.before == state && row.event == event) expected = row;
      }
      INFO(ToString(state) << ", " << ToString(event));
      Held held = In(state);
      REQUIRE(held.state() == state);
      if (event == kClock && held.slot().due()) held.Pass(held.Left());
      CHECK(held.Handle(event) == expected.action);
      CHECK(ToString(held.state()) == ToString(expected.after));
      CHECK(held.slot().has_process() ==
            (held.state() != State::kBackingOff && held.state() != State::kDone));
    }
  }
}

TEST_CASE("Slot starts at its first clock and is ready from then on", "[slot]") {
  Held held;
  CHECK(held.state() == State::kBackingOff);
  CHECK(held.Left() == milliseconds(0));
  CHECK_FALSE(held.slot().ever_ready());
  CHECK(held.Handle(kClock) == Action::kStart);
  CHECK_FALSE(held.slot().due());
  CHECK_FALSE(held.slot().ever_ready());
  held.Handle(kReady);
  CHECK(held.slot().ever_ready());
  held.Handle(kCrashed);
  CHECK(held.slot().ever_ready());
}

TEST_CASE("Slot backs off exponentially from workers that die young", "[slot]") {
  Held held = Serving(milliseconds(999));
  for (int free = 0; free < 3; ++free) {
    CHECK(held.Handle(kCrashed) == Action::kStart);
    held.Handle(kReady);
    held.Pass(milliseconds(999));
  }
  for (const int delay : {100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000}) {
    CHECK(held.Handle(kCrashed) == Action::kNone);
    CHECK(held.state() == State::kBackingOff);
    CHECK(held.Left() == milliseconds(delay));
    CHECK(held.AtDue() == Action::kStart);
    held.Handle(kReady);
    held.Pass(milliseconds(999));
  }
  // Very many deaths do not overflow anything.
  for (int i = 0; i < 100; ++i) {
    held.Handle(kCrashed);
    CHECK(held.Left() == milliseconds(5000));
    held.AtDue();
    held.Handle(kReady);
  }
  // Neither young nor settled: no further growth, and no forgiveness.
  held.Pass(seconds(9));
  held.Handle(kCrashed);
  CHECK(held.Left() == milliseconds(5000));
  held.AtDue();
  held.Handle(kReady);
  held.Pass(seconds(10));
  CHECK(held.Handle(kCrashed) == Action::kStart);
  held.Handle(kReady);
  CHECK(held.Handle(kCrashed) == Action::kStart);
}

TEST_CASE("Slot replaces a worker that is killed again and again at once", "[slot]") {
  Held held = Serving(milliseconds(400));
  for (int i = 0; i < 1000; ++i) {
    CHECK(held.Handle(kKilled) == Action::kStart);
    held.Pass(milliseconds(60));
    held.Handle(kReady);
    held.Pass(milliseconds(100 + i % 300));
  }
  // Some kills hit a worker that is still loading.
  for (int i = 0; i < 100; ++i) {
    for (int early = 0; early < 3; ++early) CHECK(held.Handle(kKilled) == Action::kStart);
    held.Handle(kReady);
    held.Pass(milliseconds(100));
    CHECK(held.Handle(kKilled) == Action::kStart);
  }
}

TEST_CASE("Slot backs off from kills that come at once, as from a lack of memory", "[slot]") {
  Held held = Serving();
  held.Handle(kKilled);
  for (int i = 0; i < 3; ++i) {
    held.Pass(seconds(30));  // a long load is no merit
    CHECK(held.Handle(kKilled) == Action::kStart);
  }
  CHECK(held.Handle(kKilled) == Action::kNone);
  CHECK(held.Left() == milliseconds(100));
  CHECK(held.AtDue() == Action::kStart);
  held.Handle(kReady);
  held.Pass(milliseconds(99));
  CHECK(held.Handle(kKilled) == Action::kNone);
  CHECK(held.Left() == milliseconds(200));
}

TEST_CASE("Slot gives up where the application never loads", "[slot]") {
  SECTION("it says so") {
    Held held = Starting();
    held.Handle(kLoadFailed);
    CHECK(held.Left() == seconds(5));
    CHECK(held.Handle(kCrashed) == Action::kGiveUp);  // whatever it then dies of
    CHECK(held.state() == State::kDone);
  }
  SECTION("it says so and must be killed") {
    Held held = Starting();
    held.Handle(kLoadFailed);
    CHECK(held.AtDue() == Action::kKill);
    CHECK_FALSE(held.slot().due());
    CHECK(held.Handle(kKilled) == Action::kGiveUp);
  }
  SECTION("its exit code says so after the control socket's end") {
    Held held = Starting();
    held.Handle(kControlLost);
    CHECK(held.Handle(kRefused) == Action::kGiveUp);
  }
  SECTION("it crashes each time") {
    Held held = Starting();
    for (int i = 0; i < 3; ++i) {
      held.Handle(kControlLost);
      CHECK(held.Handle(kCrashed) == Action::kStart);
    }
    CHECK(held.Handle(kCrashed) == Action::kGiveUp);
  }
}

TEST_CASE("Slot keeps trying, slowly, where the application loaded once", "[slot]") {
  Held held = Serving();
  CHECK(held.Handle(kCrashed) == Action::kStart);
  for (const int delay : {100, 200, 400, 800, 1600, 3200, 5000, 5000}) {
    held.Handle(kLoadFailed);
    CHECK(held.Handle(kRefused) == Action::kNone);
    CHECK(held.Left() == milliseconds(delay));
    CHECK(held.AtDue() == Action::kStart);
  }
  CHECK(held.Handle(kStartFailed) == Action::kNone);
  CHECK(held.Left() == milliseconds(5000));
  held.AtDue();
  held.Handle(kReady);
  held.Pass(seconds(10));
  CHECK(held.Handle(kCrashed) == Action::kStart);
}

TEST_CASE("Slot escalates a stop from drain to stop to SIGKILL", "[slot]") {
  Held held = Serving();
  CHECK(held.Handle(kDrain) == Action::kSendDrain);
  CHECK(held.Left() == seconds(30));
  CHECK(held.AtDue() == Action::kSendStop);
  CHECK(held.Left() == seconds(1));
  CHECK(held.AtDue() == Action::kKill);
  CHECK_FALSE(held.slot().due());
  CHECK(held.Handle(kKilled) == Action::kNone);
  CHECK(held.state() == State::kDone);
}

TEST_CASE("Slot gives a worker that is still loading less time to drain", "[slot]") {
  Held held = Starting();
  held.Handle(kDrain);
  CHECK(held.Left() == seconds(2));
  SlotPolicy policy;
  policy.graceful = milliseconds(500);
  Held impatient(policy);
  impatient.Handle(kClock);
  impatient.Handle(kDrain);
  CHECK(impatient.Left() == milliseconds(500));
}

TEST_CASE("Slot ignores a clock that comes too early", "[slot]") {
  Held held = Serving();
  held.Handle(kDrain);
  held.Pass(milliseconds(29'999));
  CHECK(held.Handle(kClock) == Action::kNone);
  CHECK(held.state() == State::kDraining);
  held.Pass(milliseconds(1));
  CHECK(held.Handle(kClock) == Action::kSendStop);
}

}  // namespace
}  // namespace turbo::supervisor
