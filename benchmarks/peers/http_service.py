"""What people write in an afternoon: FastAPI, Pillow and ONNX Runtime; the same once as `def`, once as `async def`."""

from io import BytesIO

import numpy as np
import onnxruntime
from fastapi import FastAPI, UploadFile
from PIL import Image

from benchmarks.subject import Subject

app = FastAPI()
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(str(Subject.onnx), options, providers=["CPUExecutionProvider"])


def classify(data: bytes) -> dict[str, object]:
    picture = Image.open(BytesIO(data)).convert("L").resize((28, 28))
    image = np.pad(np.asarray(picture, np.float32) / 255, 2)[None, None]
    probabilities = session.run(None, {"images": image})[0][0]
    best = int(probabilities.argmax())
    return {"class": str(best), "confidence": float(probabilities[best]), "probabilities": probabilities.tolist()}


@app.post("/threads")
def threads(file: UploadFile) -> dict[str, object]:
    return classify(file.file.read())


@app.post("/loop")
async def loop(file: UploadFile) -> dict[str, object]:
    return classify(await file.read())
