"""Rerun: its viewer is a program of its own that draws with wgpu. It has no call that draws and gives the picture
back, so what can be timed beside the others is whether it starts here, and logging the points to it."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.peers.scene import Job, run


def draw(job: Job) -> Callable[[int], object]:
    import rerun

    recording = rerun.RecordingStream("benchmark")
    memory = recording.memory_recording()

    def show(step: int) -> object:
        recording.set_time("step", sequence=step)
        recording.log("cloud", rerun.Points3D(job.points, colors=job.colors, radii=0.01))
        return memory.num_msgs()

    return show


if __name__ == "__main__":
    run(draw)
