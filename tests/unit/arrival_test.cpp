// SPDX-License-Identifier: GPL-2.0-or-later
// With real buses, private ones. A case whose bus never comes is ended by the deadline of the test.
#include <gmock/gmock.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <array>
#include <filesystem>
#include <string>
#include <system_error>

#include "bus/arrival.hpp"
#include "support.hpp"

namespace vmac::bus {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class ArrivalTest : public testing::Test {
protected:
    void SetUp() override {
        socket = directory.path() / "run" / "bus";
        setenv("DBUS_SYSTEM_BUS_ADDRESS", ("unix:path=" + socket.string()).c_str(), 1);
        config = directory.write(
            "bus.conf", "<busconfig><listen>unix:path=" + socket.string() +
                            "</listen><auth>EXTERNAL</auth><policy context=\"default\"><allow user=\"*\"/>"
                            "<allow send_destination=\"*\"/><allow receive_sender=\"*\"/></policy></busconfig>");
    }

    void TearDown() override {
        stop_bus();
        unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
    }

    void start_bus() {
        fs::create_directory(socket.parent_path());
        std::string option = "--config-file=" + config.string();
        std::array<char *, 4> arguments = {const_cast<char *>("dbus-daemon"), const_cast<char *>("--nofork"),
                                           option.data(), nullptr};
        ASSERT_EQ(posix_spawnp(&bus, "dbus-daemon", nullptr, nullptr, arguments.data(), environ), 0);
    }

    void stop_bus() {
        if (bus > 0) {
            kill(bus, SIGTERM);
            waitpid(bus, nullptr, 0);
        }
        bus = 0;
    }

    /// Runs the loop until a bus has come.
    int wait_for_arrival() {
        int arrivals = 0;
        const Arrival arrival(loop, [&] {
            ++arrivals;
            // What else is waiting has its turn before this ends.
            idle = loop.when_idle([this] { loop.quit(0); });
        });
        loop.run();
        return arrivals;
    }

    EventLoop loop;
    EventSource idle{nullptr, sd_event_source_disable_unref};
    test::TemporaryDirectory directory;
    fs::path socket;
    fs::path config;
    pid_t bus = 0;
};

TEST_F(ArrivalTest, ABusThatIsThere) {
    start_bus();
    EXPECT_EQ(wait_for_arrival(), 1);
}

TEST_F(ArrivalTest, OneThatComesLaterInADirectoryThatIsNotThere) {
    const EventSource later = loop.after(50ms, [this] { start_bus(); });
    EXPECT_EQ(wait_for_arrival(), 1);
}

TEST_F(ArrivalTest, OneThatComesInThePlaceOfOneThatDied) {
    start_bus();
    std::unique_ptr<Arrival> second;
    EventSource later{nullptr, sd_event_source_disable_unref};
    const Arrival first(loop, [&] {
        kill(bus, SIGKILL);
        stop_bus();
        ASSERT_TRUE(fs::exists(socket));  // and nobody listens
        second = std::make_unique<Arrival>(loop, [this] { loop.quit(0); });
        later = loop.after(50ms, [this] { start_bus(); });
    });
    loop.run();
    EXPECT_NE(second, nullptr);
}

TEST_F(ArrivalTest, MayEndItself) {
    start_bus();
    std::unique_ptr<Arrival> arrival;
    arrival = std::make_unique<Arrival>(loop, [&] {
        arrival.reset();
        loop.quit(0);
    });
    loop.run();
    EXPECT_EQ(arrival, nullptr);
}

TEST_F(ArrivalTest, AnAddressThatIsNone) {
    setenv("DBUS_SYSTEM_BUS_ADDRESS", "nonsense", 1);
    EXPECT_THROW(Arrival(loop, [] {}), std::system_error);
}

}  // namespace
}  // namespace vmac::bus
