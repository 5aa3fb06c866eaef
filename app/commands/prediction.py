"""Networks on the command line: ``predict``, and what other commands need to show what a network says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.shared import (
    ColumnsOption,
    JsonOption,
    LabelsOption,
    must_exist,
    open_options,
    print_json,
    run_here,
)
from app.core.errors import UsageError

commands = typer.Typer()

CheckpointOption = Annotated[
    Path | None,
    typer.Option(help="A run's folder or a checkpoint: switches the layers of its predictions on."),
]
VotesOption = Annotated[int, typer.Option(min=1, help="Turned copies of a frame that are averaged; 2DPASS: 12.")]
DeviceOption = Annotated[str, typer.Option(help="Where the network runs: auto, cpu, cuda:0 …")]
PrecisionOption = Annotated[str, typer.Option(help="Numbers of the network: auto, fp32 or bf16.")]
SimilarOption = Annotated[
    int | None,
    typer.Option("--similar-to", help="Row of the point that the layer feature_similarity compares with."),
]


@commands.command()
def predict(
    network: Annotated[Path, typer.Argument(help="A run's folder or a checkpoint.")],
    data: Annotated[Path, typer.Option(help="The recording.")],
    out: Annotated[Path, typer.Option(help="Folder for sequences/NN/predictions.")],
    frame: Annotated[int | None, typer.Option(help="Only this frame of each sequence.")] = None,
    sequence: Annotated[
        list[str] | None, typer.Option("--sequence", help="Only this sequence; may be repeated.")
    ] = None,
    votes: VotesOption = 1,
    format: Annotated[
        str, typer.Option(help="label (SemanticKITTI's raw ids) or npz (train ids, confidence, entropy).")
    ] = "label",
    device: DeviceOption = "auto",
    precision: PrecisionOption = "auto",
    columns: ColumnsOption = None,
    label_map: LabelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Predict the classes of a recording's points and write them, one file a frame."""
    from app.core.methods.predict import PredictOptions

    must_exist(network)
    must_exist(data)
    done = run_here(
        "write_predictions",
        data=data,
        out=out,
        predict=PredictOptions(network, votes, device, precision),
        options=open_options(columns, label_map),
        sequences=tuple(sequence) if sequence else None,
        frame=frame,
        format=format,
    )
    if as_json:
        about = {"source": done.source, "identity": done.identity, "votes": done.votes}
        print_json(
            {"path": str(done.folder), "frames": done.frames, "seconds_per_frame": round(done.seconds, 4), **about}
        )
    else:
        frames = f"{done.frames} frame{'s' if done.frames != 1 else ''}"
        print(f"{done.folder}: {frames}, {done.seconds:.2f} s each, by {done.source}")


def methods_of(checkpoint: Path | None, votes: int, frame: int, similar_to: int | None) -> Any:
    """The methods that these options switch on, as tasks take them."""
    from app.core.methods.predict import PredictOptions
    from app.core.methods.similarity import SimilarityOptions

    if checkpoint is None:
        if votes != 1 or similar_to is not None:
            raise UsageError("--votes and --similar-to are of a network; name one with --checkpoint.")
        return ()
    must_exist(checkpoint)
    chosen: list[tuple[str, Any]] = [("predict", PredictOptions(checkpoint, votes))]
    if similar_to is not None:
        chosen.append(("similarity", SimilarityOptions((frame, similar_to))))
    return tuple(chosen)
