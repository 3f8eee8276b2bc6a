"""Names of figures that MLflow takes."""

from __future__ import annotations

from visiqc.training.metric_names import metric_name


def test_metric_names_are_those_mlflow_takes() -> None:
    name = metric_name("By contrast", "jig: 10 to 25", "recall at 5 %, over 0.5 % (few)")
    assert name == "By contrast/jig 10 to 25/recall at 5 percent over 0.5 percent few"
    assert all(sign.isalnum() or sign in "_-./ " for sign in name)
