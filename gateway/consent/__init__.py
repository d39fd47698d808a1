"""What a citizen was told, and later what they agreed to. A notice is not a consent: where the law is the basis the
page informs, and what is remembered is that it was seen.
"""
