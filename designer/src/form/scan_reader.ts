/** Bar codes and QR codes before a camera. */

import {
  BarcodeFormat,
  BinaryBitmap,
  DecodeHintType,
  HybridBinarizer,
  MultiFormatOneDReader,
  QRCodeReader,
  type Reader,
  RGBLuminanceSource,
} from "@zxing/library";

const CAMERA: MediaStreamConstraints = {
  video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } },
};
const FORMATS = [
  BarcodeFormat.EAN_13,
  BarcodeFormat.EAN_8,
  BarcodeFormat.UPC_A,
  BarcodeFormat.UPC_E,
  BarcodeFormat.CODE_128,
  BarcodeFormat.CODE_39,
  BarcodeFormat.ITF,
];
/** Milliseconds between two looks: quick enough for a hand, and a phone stays cool. */
const PAUSE = 120;

/**
 * Show what the camera sees until it sees a code; return its text, or null where `stopped` came first.
 * Throws where the camera may not be used.
 */
export async function readCode(video: HTMLVideoElement, stopped: AbortSignal): Promise<string | null> {
  const stream = await navigator.mediaDevices.getUserMedia(CAMERA);
  try {
    video.srcObject = stream;
    await video.play();
    const look = lookingAt(video);
    while (!stopped.aborted) {
      const text = look();
      if (text !== null) return text;
      await new Promise((resolve) => window.setTimeout(resolve, PAUSE));
    }
    return null;
  } catch (error) {
    // Closing the dialog ends the film, which is no failure of the camera.
    if (stopped.aborted) return null;
    throw error;
  } finally {
    for (const track of stream.getTracks()) track.stop();
  }
}

function lookingAt(video: HTMLVideoElement): () => string | null {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const hints = new Map([[DecodeHintType.POSSIBLE_FORMATS, FORMATS]]);
  const readers = [new MultiFormatOneDReader(hints), new QRCodeReader()];
  return () => {
    if (context === null || video.videoWidth === 0) return null;
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    context.drawImage(video, 0, 0);
    const seen = context.getImageData(0, 0, canvas.width, canvas.height);
    const source = new RGBLuminanceSource(greys(seen.data), canvas.width, canvas.height);
    const picture = new BinaryBitmap(new HybridBinarizer(source));
    for (const reader of readers) {
      const text = textIn(picture, reader);
      if (text !== null) return text;
    }
    return null;
  };
}

/** How light each point is; green counts twice, as for the eye. */
function greys(points: Uint8ClampedArray): Uint8ClampedArray {
  const found = new Uint8ClampedArray(points.length / 4);
  for (let at = 0; at < found.length; at += 1) {
    const red = points[4 * at] ?? 0;
    const green = points[4 * at + 1] ?? 0;
    const blue = points[4 * at + 2] ?? 0;
    found[at] = (red + 2 * green + blue) / 4;
  }
  return found;
}

/** What a reader finds; it throws where there is nothing, which is the ordinary case. */
function textIn(picture: BinaryBitmap, reader: Reader): string | null {
  try {
    return reader.decode(picture).getText() || null;
  } catch {
    return null;
  } finally {
    reader.reset();
  }
}
