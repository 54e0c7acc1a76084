# SPDX-License-Identifier: Apache-2.0
"""The publications that the methods paragraph cites, as BibTeX."""

from __future__ import annotations

from collections.abc import Iterable

#: By citation key; every entry names a publication that the software implements or builds on.
BIBTEX: dict[str, str] = {
    "chen2025dose": """@article{chen2025dose,
  author = {Chen and others},
  title = {A deep learning model to reduce agent dose for contrast-enhanced {MRI} of the cerebellopontine angle
           cistern},
  journal = {European Radiology},
  year = {2025},
  doi = {10.1007/s00330-025-12187-8}
}""",
    "chen2024cones": """@article{chen2024cones,
  author = {Chen and others},
  title = {{CoNeS}: Conditional neural fields with shift modulation for multi-sequence {MRI} translation},
  journal = {Machine Learning for Biomedical Imaging},
  year = {2024}
}""",
    "klein2010elastix": """@article{klein2010elastix,
  author = {Klein, Stefan and Staring, Marius and Murphy, Keelin and Viergever, Max A. and Pluim, Josien P. W.},
  title = {elastix: A toolbox for intensity-based medical image registration},
  journal = {IEEE Transactions on Medical Imaging},
  volume = {29}, number = {1}, pages = {196--205},
  year = {2010},
  doi = {10.1109/TMI.2009.2035616}
}""",
    "wang2004ssim": """@article{wang2004ssim,
  author = {Wang, Zhou and Bovik, Alan C. and Sheikh, Hamid R. and Simoncelli, Eero P.},
  title = {Image quality assessment: From error visibility to structural similarity},
  journal = {IEEE Transactions on Image Processing},
  volume = {13}, number = {4}, pages = {600--612},
  year = {2004},
  doi = {10.1109/TIP.2003.819861}
}""",
    "isensee2021nnunet": """@article{isensee2021nnunet,
  author = {Isensee, Fabian and Jaeger, Paul F. and Kohl, Simon A. A. and Petersen, Jens and Maier-Hein, Klaus H.},
  title = {{nnU-Net}: A self-configuring method for deep learning-based biomedical image segmentation},
  journal = {Nature Methods},
  volume = {18}, pages = {203--211},
  year = {2021},
  doi = {10.1038/s41592-020-01008-z}
}""",
    "gorgolewski2016bids": """@article{gorgolewski2016bids,
  author = {Gorgolewski, Krzysztof J. and others},
  title = {The brain imaging data structure, a format for organizing and describing outputs of neuroimaging
           experiments},
  journal = {Scientific Data},
  volume = {3}, pages = {160044},
  year = {2016},
  doi = {10.1038/sdata.2016.44}
}""",
    "holm1979": """@article{holm1979,
  author = {Holm, Sture},
  title = {A simple sequentially rejective multiple test procedure},
  journal = {Scandinavian Journal of Statistics},
  volume = {6}, number = {2}, pages = {65--70},
  year = {1979}
}""",
    "kanzaki2003": """@article{kanzaki2003,
  author = {Kanzaki, Jin and Tos, Mirko and Sanna, Mario and Moffat, David A.},
  title = {New and modified reporting systems from the consensus meeting on systems for reporting results in vestibular
           schwannoma},
  journal = {Otology \\& Neurotology},
  volume = {24}, number = {4}, pages = {642--649},
  year = {2003}
}""",
    "tejani2024claim": """@article{tejani2024claim,
  author = {Tejani, Ali S. and Klontzas, Michail E. and Gatti, Anthony A. and Mongan, John T. and Moy, Linda and
            Park, Seong Ho and Kahn, Charles E.},
  title = {Checklist for Artificial Intelligence in Medical Imaging ({CLAIM}): 2024 update},
  journal = {Radiology: Artificial Intelligence},
  volume = {6}, number = {4}, pages = {e240300},
  year = {2024},
  doi = {10.1148/ryai.240300}
}""",
}


def bibtex(texts: Iterable[str]) -> str:
    """Collect the BibTeX entries whose keys are cited as ``[key]``; the reference of the checklist is always included.

    Args:
        texts: Paragraphs.

    Returns:
        The entries.
    """
    cited = " ".join(texts)
    entries = [entry for key, entry in BIBTEX.items() if f"[{key}]" in cited or key == "tejani2024claim"]
    return "\n\n".join(entries) + "\n"
