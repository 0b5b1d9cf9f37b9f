"""The stopwatch counts training and validating apart, and not what lies between."""

from patherea_core.workflow.engine.pace import Pace


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_tiles_a_second_are_those_of_training_since_the_last_row() -> None:
    clock = Clock()
    pace = Pace(clock)
    for tiles, seconds in ((30, 10.0), (80, 20.0)):
        pace.start()
        pace.count(tiles)
        clock.now += seconds
        pace.stop()
        clock.now += 1000  # between epochs
        pace.start_validating()
        clock.now += 3
        assert pace.row()["images_per_second"] == tiles / seconds
    assert pace.state() == {"training": 30, "validating": 6}


def test_a_validation_in_the_middle_of_an_epoch_stops_the_training() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.start()
    pace.count(8)
    clock.now += 4
    pace.start_validating()
    clock.now += 9
    assert pace.row()["seconds_training"] == 4
    pace.stop()
    assert pace.state() == {"training": 4, "validating": 9}


def test_time_goes_on_over_a_resume_and_the_pace_is_that_of_now() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.resume({"training": 50.0, "validating": 5.0})
    pace.start()
    pace.count(6)
    clock.now += 3
    pace.start_validating()
    row = pace.row()
    assert row == {"images_per_second": 2, "seconds_training": 53, "seconds_validating": 5}


def test_without_a_step_there_is_no_pace() -> None:
    pace = Pace(Clock())
    pace.start_validating()
    assert pace.row()["images_per_second"] is None
