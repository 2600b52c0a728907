// A small model that comes along. Vite gives it an address and copies it to dist/.
import model from '@sshn/zoo/models/cells.safetensors?url';
import { type ReactNode, useEffect, useState } from 'react';
import { picture } from './pictures.js';
import { Segmenter } from './Segmenter.js';

/** A slider over the factor, a few pictures, and a switch that takes the Segmenter away. */
export function App(): ReactNode {
  const [factor, setFactor] = useState(0.25);
  const [number, setNumber] = useState(0);
  const [isShown, setShown] = useState(true);
  const image = usePicture(number);

  return (
    <>
      <h1>Segmenter, a React component</h1>
      <div className="controls">
        <label>
          Rescaling factor φ{' '}
          <input
            id="factor"
            type="range"
            min="0"
            max="0.5"
            step="0.05"
            value={factor}
            onChange={({ target }) => setFactor(Number(target.value))}
          />
        </label>
        <button id="next" type="button" onClick={() => setNumber(number + 1)}>
          Another picture
        </button>
        <label>
          <input id="shown" type="checkbox" checked={isShown} onChange={() => setShown(!isShown)} /> shown
        </label>
      </div>
      {isShown && image !== undefined ? <Segmenter model={model} image={image} factor={factor} /> : null}
    </>
  );
}

/** A generated picture; undefined until it is made. */
function usePicture(number: number): ImageData | undefined {
  const [image, setImage] = useState<ImageData>();
  useEffect(() => {
    let isWanted = true;
    picture(number).then((made) => {
      if (isWanted) setImage(made);
    });
    return () => {
      isWanted = false;
    };
  }, [number]);
  return image;
}
